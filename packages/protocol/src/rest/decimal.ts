const SHORT_DIGITS = 6;
const FLOAT32_DIGITS = 9;
const FLOAT64_DIGITS = 17;
/** From here on, %g writes no exponent. */
const SMALLEST_PLAIN = 1e-4;
const SMALLEST_EXPONENT = -4;
/** Below this one, six digits are no fewer than the whole ones. */
const LARGEST_PLAIN = 1e5;
const powersOfTen = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000, 1e4, 1e5];
/** Digits that toExponential can show behind the point. */
const MOST_DIGITS = 100;

/**
 * A 32-bit float as TensorFlow Serving writes it: six significant digits if they read back to the same float, else nine;
 * in the style of C's %g, with `.0` where that would look like an integer. NaN, Infinity and -Infinity are bare words.
 */
export function formatFloat32(value: number): string {
  return formatDecimal(value, FLOAT32_DIGITS, Math.fround);
}

/** A 64-bit float: the same with seventeen digits instead of nine. */
export function formatFloat64(value: number): string {
  return formatDecimal(value, FLOAT64_DIGITS, Number);
}

function formatDecimal(value: number, digits: number, round: (value: number) => number): string {
  if (!Number.isFinite(value)) {
    return String(value);
  }
  if (Number.isInteger(value) && Math.abs(value) < 10 ** SHORT_DIGITS) {
    return `${Object.is(value, -0) ? "-0" : value}.0`;
  }
  const plain = plainDecimal(value, digits, round);
  if (plain !== undefined) {
    return Number.isInteger(plain) ? `${plain}.0` : String(plain);
  }
  const isShort = round(Number(value.toPrecision(SHORT_DIGITS))) === value;
  const text = formatGeneral(value, isShort ? SHORT_DIGITS : digits);
  return text.includes(".") || text.includes("e") ? text : `${text}.0`;
}

/**
 * The fast way for numbers of usual size: the decimal to write, as a number whose own text in JavaScript is the same. Of six
 * digits if these read back, else of nine for a 32-bit float; undefined where neither applies.
 */
function plainDecimal(value: number, digits: number, round: (value: number) => number): number | undefined {
  const magnitude = Math.abs(value);
  if (magnitude < SMALLEST_PLAIN || magnitude >= LARGEST_PLAIN) {
    return undefined;
  }
  const short = nearestDecimal(magnitude, SHORT_DIGITS);
  const found = round(short) === magnitude || digits > FLOAT32_DIGITS ? short : nearestDecimal(magnitude, digits);
  return round(found) === magnitude ? Math.sign(value) * found : undefined;
}

/**
 * The decimal with so many significant digits that is nearest to a number between the bounds above. A 32-bit float times a
 * power of ten of up to 12 has no more than 53 bits, so that its ties are seen exactly; for a double only a result that
 * reads back counts, and at most one can.
 */
function nearestDecimal(magnitude: number, digits: number): number {
  let exponent = SMALLEST_EXPONENT;
  while (magnitude >= (powersOfTen[exponent + 1 - SMALLEST_EXPONENT] as number)) {
    exponent++;
  }
  const scale = 10 ** (digits - 1 - exponent);
  return roundHalfEven(magnitude * scale) / scale;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** A finite number as C's printf writes it with %.{digits}g. */
function formatGeneral(value: number, digits: number): string {
  const [mantissa = "", exponentText = ""] = roundedExponential(value, digits).split("e");
  const exponent = Number(exponentText);
  const sign = mantissa.startsWith("-") ? "-" : "";
  const plain = mantissa.replace(/[-.]/g, "").replace(/0+$/, "") || "0";
  if (exponent < -4 || exponent >= digits) {
    const fraction = plain.length > 1 ? `.${plain.slice(1)}` : "";
    const power = `${Math.abs(exponent)}`.padStart(2, "0");
    return `${sign}${plain[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  if (exponent < 0) {
    return `${sign}0.${"0".repeat(-exponent - 1)}${plain}`;
  }
  const whole = plain.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = plain.slice(exponent + 1);
  return `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Scientific notation with `digits` significant digits. A tie goes to the even digit, as in C; JavaScript rounds it up. */
function roundedExponential(value: number, digits: number): string {
  const oneMore = value.toExponential(digits);
  const [mantissa = "", exponent = ""] = oneMore.split("e");
  if (!mantissa.endsWith("5") || !isExact(value, mantissa, exponent)) {
    return value.toExponential(digits - 1);
  }
  const cut = mantissa.slice(0, -1);
  return "02468".includes(cut.at(-1) ?? "") ? `${cut}e${exponent}` : value.toExponential(digits - 1);
}

function isExact(value: number, mantissa: string, exponent: string): boolean {
  const [longMantissa = "", longExponent = ""] = value.toExponential(MOST_DIGITS).split("e");
  return longExponent === exponent && longMantissa.replace(/0+$/, "") === mantissa;
}
