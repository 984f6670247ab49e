const SHORT_DIGITS = 6;
const FLOAT32_DIGITS = 9;
const FLOAT64_DIGITS = 17;
/** From here on, %g writes no exponent. */
const SMALLEST_PLAIN = 1e-4;
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
  const isShort = round(Number(value.toPrecision(SHORT_DIGITS))) === value;
  const text = formatGeneral(value, isShort ? SHORT_DIGITS : digits);
  return text.includes(".") || text.includes("e") ? text : `${text}.0`;
}

/** A finite number as C's printf writes it with %.{digits}g. */
function formatGeneral(value: number, digits: number): string {
  return formatPlain(value, digits) ?? formatScientific(value, digits);
}

/** The fast way for numbers of usual size, where JavaScript's own notation is the same; undefined for all others. */
function formatPlain(value: number, digits: number): string | undefined {
  const magnitude = Math.abs(value);
  if (digits > FLOAT32_DIGITS || magnitude < SMALLEST_PLAIN || magnitude >= 10 ** digits) {
    return undefined;
  }
  const text = value.toPrecision(digits);
  const point = text.indexOf(".");
  const decimals = point < 0 ? 0 : text.length - point - 1;
  // A tie between two last digits: the product is exact then, so that this test finds them all.
  if (text.includes("e") || (magnitude * 10 ** decimals) % 1 === 0.5) {
    return undefined;
  }
  return point < 0 ? text : text.replace(/\.?0+$/, "");
}

function formatScientific(value: number, digits: number): string {
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
