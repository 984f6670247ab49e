import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatFloat32, formatFloat64 } from "../src/rest/decimal.ts";

/** Texts are those of C's printf with %.6g, or %.9g and %.17g where that does not read back. */
const float32Cases: [number, string][] = [
  [0, "0.0"],
  [-0, "-0.0"],
  [1, "1.0"],
  [-1, "-1.0"],
  [0.1, "0.1"],
  [0.5, "0.5"],
  [100000, "100000.0"],
  [999999, "999999.0"],
  [1000000, "1e+06"],
  [9000000, "9e+06"],
  [1234567, "1234567.0"],
  [123456789, "123456792.0"],
  [1e9, "1e+09"],
  [1234567890, "1.23456794e+09"],
  [555557.5, "555557.5"],
  [0.0003, "0.0003"],
  [0.0001, "0.0001"],
  [0.00003, "3e-05"],
  [Math.PI, "3.14159274"],
  [1 / 3, "0.333333343"],
  [-2.5, "-2.5"],
  [123.456, "123.456"],
  [99999.5, "99999.5"],
  [99999.9921875, "99999.9922"],
  [84696.53125, "84696.5312"],
  [0.001, "0.001"],
  [0.00099999993, "0.000999999931"],
  [2 ** -13, "0.000122070312"],
  [3 * 2 ** -13, "0.000366210938"],
  [2 ** 100, "1.2676506e+30"],
  [3.4028234663852886e38, "3.40282347e+38"],
  [1.1754943508222875e-38, "1.17549435e-38"],
  [1.401298464324817e-45, "1.4013e-45"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
];

const float64Cases: [number, string][] = [
  [0.1, "0.1"],
  [0.30000000000000004, "0.30000000000000004"],
  [1234567.891, "1234567.8910000001"],
  [123.456, "123.456"],
  [-0.25, "-0.25"],
  [99999.99999, "99999.999989999997"],
  [1 / 3, "0.33333333333333331"],
  [1e300, "1e+300"],
  [123456789, "123456789.0"],
  [1e16, "1e+16"],
  [12345678901234568, "12345678901234568.0"],
  [123456789012345680, "1.2345678901234568e+17"],
  [1 + 2 ** -17, "1.0000076293945312"],
  [5e-324, "4.94066e-324"],
  [Number.MAX_VALUE, "1.7976931348623157e+308"],
  [2 ** -1022, "2.2250738585072014e-308"],
  [-1.5e-7, "-1.5e-07"],
];

describe("float formatting", () => {
  it("writes 32-bit floats as TensorFlow Serving does", () => {
    for (const [value, text] of float32Cases) {
      assert.equal(formatFloat32(Math.fround(value)), text);
    }
  });

  it("writes 64-bit floats as TensorFlow Serving does", () => {
    for (const [value, text] of float64Cases) {
      assert.equal(formatFloat64(value), text);
    }
  });

  it("reads back as the same 32-bit float", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        assert.ok(Object.is(Math.fround(Number(formatFloat32(value))), value), formatFloat32(value));
      }),
      { numRuns: 2000 },
    );
  });

  it("reads back as the same 64-bit float", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        assert.ok(Object.is(Number(formatFloat64(value)), value), formatFloat64(value));
      }),
      { numRuns: 2000 },
    );
  });

  it("never looks like an integer", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.match(formatFloat32(value), /[.e]/);
      }),
    );
  });
});
