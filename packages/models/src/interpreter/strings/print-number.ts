/** How C's printf writes numbers with a fraction: `%f`, `%e` or `%g`. */
export type NumberStyle = "fixed" | "scientific" | "shortest";

/** Digits behind the point unless told otherwise. */
const DEFAULT_PRECISION = 6;
/** The most digits that JavaScript writes; enough for every tie, since no double has one further behind. */
const MAX_DIGITS = 100;

/**
 * Writes a number as printf does, rounding ties to the even digit (ISO C, 7.23.6.1).
 * @param precision digits behind the point, for the shortest style all digits; at most 60, negative for the default
 */
export function printNumber(value: number, style: NumberStyle, precision: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
  const digits = precision < 0 ? DEFAULT_PRECISION : precision;
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  return sign + writers[style](Math.abs(value), digits);
}

const writers: Readonly<Record<NumberStyle, (value: number, digits: number) => string>> = {
  fixed: writeFixed,
  scientific: writeScientific,
  shortest: writeShortest,
};

/** A decimal number without its point: all digits, and how many of them stand behind the point. */
function writeFixed(value: number, digits: number): string {
  const exact = value < 1e21 ? value.toFixed(MAX_DIGITS) : `${BigInt(value)}.${"0".repeat(MAX_DIGITS)}`;
  const [whole = "0", fraction = ""] = exact.split(".");
  const rounded = roundDigits(whole + fraction, whole.length + digits).padStart(digits + 1, "0");
  return digits === 0 ? rounded : `${rounded.slice(0, -digits)}.${rounded.slice(-digits)}`;
}

function writeScientific(value: number, digits: number): string {
  const { significant, exponent } = roundSignificant(value, digits + 1);
  const point = digits === 0 ? "" : ".";
  const shown = `${Math.abs(exponent)}`.padStart(2, "0");
  return `${significant[0]}${point}${significant.slice(1)}e${exponent < 0 ? "-" : "+"}${shown}`;
}

function writeShortest(value: number, digits: number): string {
  const wanted = Math.max(digits, 1);
  const { exponent } = roundSignificant(value, wanted);
  if (exponent >= -4 && exponent < wanted) {
    return withoutZeros(writeFixed(value, wanted - 1 - exponent));
  }
  const [mantissa = "", power = ""] = writeScientific(value, wanted - 1).split("e");
  return `${withoutZeros(mantissa)}e${power}`;
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** The first digits of a number, rounded, and the power of ten of the first one. */
function roundSignificant(value: number, count: number): { significant: string; exponent: number } {
  const [mantissa = "0", power = "0"] = value.toExponential(MAX_DIGITS).split("e");
  const all = mantissa.replace(".", "");
  const rounded = roundDigits(all, count);
  const carried = rounded.length > count;
  return { significant: rounded.slice(0, count), exponent: Number(power) + (carried ? 1 : 0) };
}

/** The first `count` digits, rounded by those behind, ties to even; one digit more where a carry needs it. */
function roundDigits(digits: string, count: number): string {
  const [kept, rest] = [digits.slice(0, count), digits.slice(count)];
  const isTie = /^50*$/.test(rest);
  const isOdd = Number(kept.at(-1) ?? 0) % 2 === 1;
  const up = isTie ? isOdd : (rest[0] ?? "0") >= "5";
  return up ? `${BigInt(kept || "0") + 1n}`.padStart(count, "0") : kept;
}
