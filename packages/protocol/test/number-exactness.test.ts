import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type PredictSignature, parsePredictBody } from "../src/rest/predict-body.ts";
import type { DataType } from "../src/tensor/data-type.ts";
import { bytesOf, valuesOf } from "./fixtures.ts";

const RUNS = { numRuns: 500 };
/** More than a float needs to be written out. */
const ALL_DIGITS = 60;

/** The elements that a list of number literals becomes. */
function read(literals: readonly string[], dtype: DataType): unknown[] {
  const signature: PredictSignature = { inputs: new Map([["x", dtype]]) };
  const x = parsePredictBody(bytesOf(`{"inputs":[${literals.join()}]}`), signature).inputs.get("x");
  assert.ok(x !== undefined);
  return [...valuesOf(x)];
}

/** JavaScript reads a literal as the nearest double; TensorFlow Serving's floats are the nearest of that. */
function expectExact(literals: readonly string[]): void {
  const expected = literals.map(Number);
  assert.deepEqual(read(literals, "float64"), expected);
  assert.deepEqual(read(literals, "float32"), expected.map(Math.fround));
}

const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
const floats = fc.float({ noNaN: true, noDefaultInfinity: true });

describe("numbers are exact", () => {
  it("as JavaScript writes doubles and floats, the smallest and the largest too", () => {
    const edges = [
      5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.401298464324817e-45, 3.4028234663852886e38,
    ];
    expectExact(edges.flatMap((value) => [String(value), String(-value)]));
    fc.assert(
      fc.property(fc.array(fc.oneof(doubles, floats), { minLength: 1 }), (values) =>
        expectExact(values.map((value) => (Number.isInteger(value) ? value.toExponential() : String(value)))),
      ),
      RUNS,
    );
  });

  it("in any number of digits and places", () => {
    const digits = fc.integer({ min: 0, max: 30 });
    const small = fc.double({ min: -1e15, max: 1e15, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(small, digits), { minLength: 1 }), (values) =>
        expectExact(values.map(([value, places]) => value.toFixed(places)).filter((text) => text.includes("."))),
      ),
      RUNS,
    );
  });

  it("with zeros in front and behind, of which none counts as a digit", () => {
    const zeros = fc.integer({ min: 0, max: 24 });
    const part = fc.stringMatching(/^\d{1,19}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(zeros, part, zeros), { minLength: 1 }), (values) =>
        expectExact(values.map(([before, middle, behind]) => `0.${"0".repeat(before)}${middle}${"0".repeat(behind)}`)),
      ),
      RUNS,
    );
  });

  it("halfway between two floats, and by a little beside that", () => {
    const literals = (value: number): string[] => {
      const next = nextFloat(value);
      const half = (value + next) / 2;
      const text = half.toPrecision(ALL_DIGITS).replace(/0+$/, "");
      return /e/.test(text) ? [String(half)] : [text, `${text}1`, `${text}0000000000000000000000001`, String(half)];
    };
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: Math.fround(1e-4), max: Math.fround(1e6), noNaN: true }), { minLength: 1 }),
        (values) => expectExact(values.flatMap(literals).filter((text) => text.includes("."))),
      ),
      RUNS,
    );
  });

  it("with exponents, however large, that a double can take", () => {
    const literal = fc
      .tuple(fc.stringMatching(/^-?[1-9](\.\d{1,20})?$/), fc.integer({ min: -400, max: 307 }))
      .map(([mantissa, exponent]) => `${mantissa}e${exponent}`);
    fc.assert(
      fc.property(fc.array(literal, { minLength: 1 }), (literals) => expectExact(literals)),
      RUNS,
    );
  });
});

function nextFloat(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] as number) + 1;
  return new Float32Array(bits.buffer)[0] as number;
}
