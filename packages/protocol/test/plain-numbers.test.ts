import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseJsonObject } from "../src/rest/json/document.ts";
import { parsePredictBody } from "../src/rest/predict-body.ts";
import { ServingError } from "../src/status/serving-error.ts";
import type { DataType } from "../src/tensor/data-type.ts";
import { bytesOf, valuesOf } from "./fixtures.ts";

const wanted = new Set(["x"]);

function read(list: string, dtype: DataType): { shape: readonly number[]; values: unknown[] } {
  const { inputs } = parsePredictBody(bytesOf(`{"inputs":${list}}`), { inputs: new Map([["x", dtype]]) });
  const tensor = inputs.get("x");
  assert.ok(tensor !== undefined);
  return { shape: tensor.shape, values: [...valuesOf(tensor)] };
}

function messageOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ServingError);
    return error.message;
  }
}

/** Around the bounds of what is read fast: 9 and 15 digits, 22 places, zeros in front, behind and alone. */
const literals = [
  ..."0 -0 0.0 -0.0 7 -7 10 0.1 0.001 -0.25 100.5 0.000000001 0.0000000000".split(" "),
  ..."999999999 1000000000 123456789012345 1234567890123456 -999999999 2147483647 4294967296".split(" "),
  ..."1.23456789 12345678.9 123456789.1 0.123456789 0.1234567890 0.00123456789012345".split(" "),
  ..."0.123456789012345 0.1234567890123456 0.12345678901234567 1.7976931348623157 9007199254740993.5".split(" "),
  ..."0.0000000000000000000001 0.00000000000000000000001 0.00000000000000000000000012345678901234567".split(" "),
  ..."16777217 16777217.0000001 0.100000001490116119384765625 1.00000005960464477539 33554435.00000000001".split(" "),
  ..."1e5 1E-7 -2.5e+10 1.5e300 5e-324 NaN Infinity -Infinity".split(" "),
];

function numberOf(literal: string): number {
  return literal === "-0" ? 0 : Number(literal);
}

describe("numbers that are written as most are", () => {
  it("are the nearest doubles and floats, also beside others", () => {
    for (const separator of [",", ", ", ",\n  ", " , "]) {
      const list = `[${literals.join(separator)}]`;
      const expected = literals.map(numberOf);
      assert.deepEqual(read(list, "float64").values, expected);
      assert.deepEqual(read(list, "float32").values, [...Float32Array.from(expected)]);
    }
  });

  it("are the nearest doubles whatever their digits", () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,17})(\.\d{1,28})?$/);
    fc.assert(
      fc.property(fc.array(digits, { minLength: 1, maxLength: 20 }), (list) => {
        const expected = list.map(numberOf);
        assert.deepEqual(read(`[${list.join(",")}]`, "float64").values, expected);
        assert.deepEqual(read(`[${list.join(",")}]`, "float32").values, [...Float32Array.from(expected)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("keep every digit of an int64", () => {
    const texts = ["9223372036854775807", "-9223372036854775808", "1000000000", "123456789", "-1", "0", "-0"];
    assert.deepEqual(read(`[${texts.join(",")}]`, "int64").values, texts.map(BigInt));
  });

  it("are told apart from integers", () => {
    for (const literal of ["1.0", "-0.0", "1.00000000000000000", "1e0"]) {
      const message = messageOf(() => read(`[1,2,${literal},3]`, "int32"));
      assert.match(message ?? "", /Type: Number is not of expected type: int32/);
    }
  });

  it("form rows, whatever stands between these", () => {
    for (const gap of ["", " ", "\n"]) {
      const rows = `[${Array(5).fill(`[1,${gap}2.5,3${gap}]`).join(`${gap},${gap}`)}]`;
      const values = Array.from({ length: 5 }, () => [1, 2.5, 3]).flat();
      assert.deepEqual(read(rows, "float32"), { shape: [5, 3], values });
    }
    const cube = "[[[1,2],[3,4],[5,6e0]],[[7,8],[9,10],[11,12]]]";
    assert.deepEqual(read(cube, "float32").shape, [2, 3, 2]);
  });
});

describe("lists that only begin like rows of numbers", () => {
  const refused = [
    "[[1,2],[3]]",
    "[[1,2],[3,4,5]]",
    "[[1,2],[3,4],5]",
    "[[1,2],3]",
    "[[1],[[2]]]",
    '[[1,2],[3,"a"]]',
    "[[1,2],[]]",
    "[[],[1]]",
    "[[1,2],[3,null]]",
    "[[1,2],{}]",
    "[[1,2],[3,4],[5,[6]]]",
  ];
  for (const list of refused) {
    it(`refuses ${list}`, () => {
      assert.notEqual(
        messageOf(() => read(list, "float32")),
        undefined,
      );
    });
  }
});

describe("what is wrong in a list of numbers", () => {
  const broken = [
    ..."01 -01 00 1. 1.e5 .5 -.5 - -- +1 1..2 1.2.3 1-2 1e 1e+ 0x1 1_0 1a Nan infinity 1e400 ] } :".split(" "),
    ",",
    "1 2",
    "1,",
    "[1",
    "1]]",
    "\u0000",
  ];
  for (const text of broken) {
    it(`is told at the same place as where numbers are only passed over: ${JSON.stringify(text)}`, () => {
      for (const list of [`[${text}]`, `[1,2,${text},3]`, `[[1,2],[3,${text}],[5,6]]`, `[1,${text}`, `[[1],[${text}`]) {
        const document = bytesOf(`{"x":${list}}`);
        const passedOver = messageOf(() => parseJsonObject(document, new Set()));
        assert.equal(
          messageOf(() => parseJsonObject(document, wanted)),
          passedOver,
          list,
        );
      }
    });
  }
});
