import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeErrorAnswer } from "../src/rest/error-answer.ts";
import { encodePredictAnswer } from "../src/rest/predict-answer.ts";
import type { PredictFormat } from "../src/rest/predict-body.ts";
import { dataTypes } from "../src/tensor/data-type.ts";
import { makeNumbers } from "../src/tensor/storage.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { makeTensor, textOf } from "./fixtures.ts";

function answer(outputs: Record<string, Tensor>, format: PredictFormat): string {
  return textOf(encodePredictAnswer(new Map(Object.entries(outputs)), format));
}

const floats = makeTensor("float32", [2, 2], [1, 2.5, Number.NaN, Number.NEGATIVE_INFINITY]);

describe("predict answer", () => {
  it("has the layout of TensorFlow Serving in row format", () => {
    assert.equal(
      answer({ y: makeTensor("float32", [3], [2.5, 3, 4.5]) }, "row"),
      '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}',
    );
    assert.equal(answer({ y: floats }, "row"), '{\n    "predictions": [[1.0, 2.5], [NaN, -Infinity]\n    ]\n}');
    assert.equal(
      answer({ a: makeTensor("int32", [1, 2], [1, 2]), b: makeTensor("string", [1], ["x"]) }, "row"),
      '{\n    "predictions": [\n        {\n            "a": [1, 2],\n            "b": "x"\n        }\n    ]\n}',
    );
  });

  it("has the layout of TensorFlow Serving in column format", () => {
    assert.equal(
      answer({ y: makeTensor("int32", [2], [1, 2]) }, "column"),
      '{\n    "outputs": [\n        1,\n        2\n    ]\n}',
    );
    assert.equal(answer({ y: makeTensor("int32", [], [7]) }, "column"), '{\n    "outputs": 7\n}');
    assert.deepEqual(
      JSON.parse(answer({ a: makeTensor("int32", [0, 2], []), b: makeTensor("bool", [2], [1, 0]) }, "column")),
      { outputs: { a: [], b: [true, false] } },
    );
  });

  it("can have no rows, and rows without elements", () => {
    assert.equal(answer({ y: makeTensor("float32", [0, 2], []) }, "row"), '{\n    "predictions": []\n}');
    assert.deepEqual(JSON.parse(answer({ y: makeTensor("float32", [2, 0], []) }, "row")), { predictions: [[], []] });
  });

  it("can be long", () => {
    const data = Int32Array.from({ length: 100_000 }, (_, index) => index);
    const text = answer({ y: { dtype: "int32", shape: [2, 50_000], data } }, "row");
    assert.deepEqual(JSON.parse(text), {
      predictions: [Array.from(data.subarray(0, 50_000)), Array.from(data.subarray(50_000))],
    });
  });

  it("has integers in full", () => {
    const text = answer({ y: makeTensor("uint64", [2], [2n ** 64n - 1n, 0n]) }, "row");
    assert.match(text, /\[18446744073709551615, 0\n/);
    for (const dtype of ["int32", "int16", "int8", "uint8", "uint32", "int64"] as const) {
      assert.match(answer({ y: makeTensor(dtype, [2], [1, 100]) }, "row"), /\[1, 100\n/);
    }
  });

  it("has strings as they are, and in base64 where the name ends in _bytes", () => {
    const strings = makeTensor("string", [1, 2], ['"\\/\n\u0001\u007f', "é😀"]);
    assert.match(answer({ y: strings }, "row"), /\["\\"\\\\\/\\n\\u0001\u007f", "é😀"\]/);
    assert.match(answer({ y_bytes: makeTensor("string", [1], ["hi"]) }, "row"), /\[\{"b64": "aGk="\}\n/);
    assert.match(answer({ y_bytes: makeTensor("int32", [1], [5]) }, "row"), /\[5\n/);
  });

  it("has bytes that are not UTF-8 as they are", () => {
    const data = [Uint8Array.of(0xff, 0x22, 0x61, 0x0a, 0xc3)];
    const bytes = encodePredictAnswer(new Map([["y", { dtype: "string", shape: [1], data } as Tensor]]), "row");
    const start = bytes.indexOf(0xff) - 1;
    assert.deepEqual([...bytes.subarray(start, start + 9)], [0x22, 0xff, 0x5c, 0x22, 0x61, 0x5c, 0x6e, 0xc3, 0x22]);
  });

  it("refuses what cannot be said in JSON", () => {
    const writable = ["float32", "float64", "int32", "int16", "int8", "uint8", "uint32", "int64", "uint64", "bool"];
    const others = dataTypes.filter(
      ({ name }) => !writable.includes(name) && !["string", "resource", "variant"].includes(name),
    );
    for (const { name, errorName } of others) {
      const width = name.startsWith("complex") ? 2 : 1;
      const tensor: Tensor = { dtype: name, shape: [1], data: makeNumbers(name, width) };
      assert.throws(() => answer({ y: tensor }, "row"), {
        code: "INVALID_ARGUMENT",
        message: `Failed to write JSON value for tensor type: ${errorName}`,
      });
    }
  });

  it("refuses outputs that are no batch", () => {
    const scalar = makeTensor("int32", [], [1]);
    assert.throws(() => answer({}, "column"), { message: "Cannot convert empty tensor map to JSON" });
    assert.throws(() => answer({ t: scalar }, "row"), { message: "Tensor name: t has no shape information " });
    assert.throws(() => answer({ a: makeTensor("int32", [2], [1, 2]), b: makeTensor("int32", [1], [1]) }, "row"), {
      message: "Tensor name: b has inconsistent batch size: 1 expecting: 2",
    });
  });

  it("refuses a tensor whose parts do not fit together", () => {
    assert.throws(() => answer({ y: makeTensor("int32", [3], [1]) }, "row"), { code: "bad-tensor" });
  });
});

describe("error answer", () => {
  it("is the message in JSON", () => {
    assert.equal(textOf(encodeErrorAnswer('Bad key: "key"')), '{\n    "error": "Bad key: \\"key\\""\n}');
    assert.deepEqual(JSON.parse(textOf(encodeErrorAnswer("a\u0000\n\ud800é"))), { error: "a\u0000\n\ufffdé" });
  });
});
