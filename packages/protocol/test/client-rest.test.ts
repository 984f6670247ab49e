import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeErrorAnswer, decodePredictAnswer } from "../src/rest/client-answer.ts";
import { encodePredictBody } from "../src/rest/client-request.ts";
import { encodeErrorAnswer } from "../src/rest/error-answer.ts";
import { encodePredictAnswer } from "../src/rest/predict-answer.ts";
import { type PredictFormat, parsePredictBody } from "../src/rest/predict-body.ts";
import type { DataType } from "../src/tensor/data-type.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { bytesOf, makeTensor } from "./fixtures.ts";

const formats: PredictFormat[] = ["row", "column"];
const batch = new Map<string, Tensor>([
  ["f", makeTensor("float32", [2, 2], [1, -0, Number.NaN, Number.NEGATIVE_INFINITY])],
  ["d", makeTensor("float64", [2], [0.1, 1e300])],
  ["i", makeTensor("int64", [2, 1], [2n ** 63n - 1n, -(2n ** 63n)])],
  ["u", makeTensor("uint64", [2], [2n ** 64n - 1n, 0n])],
  ["b", makeTensor("bool", [2], [1, 0])],
  ["s_bytes", { dtype: "string", shape: [2], data: [Uint8Array.of(0xff, 0), new Uint8Array(0)] }],
  ["t", makeTensor("string", [2, 1], ["plain", 'quo"te'])],
]);

function typesOf(tensors: ReadonlyMap<string, Tensor>): Map<string, DataType> {
  return new Map(Array.from(tensors, ([name, { dtype }]) => [name, dtype]));
}

describe("what a client sends over REST", () => {
  for (const format of formats) {
    it(`is read by the server as the same tensors, ${format} format`, () => {
      const body = parsePredictBody(encodePredictBody(batch, { format, signatureName: "sig" }), {
        inputs: typesOf(batch),
      });
      assert.equal(body.signatureName, "sig");
      assert.equal(body.format, format);
      assert.deepEqual(body.inputs, batch);
    });
  }

  it("is the same float32, whatever it is", () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1 }), fc.constantFrom(...formats), (data, format) => {
        const inputs = new Map<string, Tensor>([["x", { dtype: "float32", shape: [data.length], data }]]);
        const body = parsePredictBody(encodePredictBody(inputs, { format }), { inputs: typesOf(inputs) });
        assert.deepEqual(body.inputs, inputs);
      }),
    );
  });

  it("can be an input named b64", () => {
    const inputs = new Map([["b64", makeTensor("string", [], ["x"])]]);
    assert.deepEqual(parsePredictBody(encodePredictBody(inputs), { inputs: typesOf(inputs) }).inputs, inputs);
  });

  it("is refused for types that REST cannot carry, and for rows without a batch", () => {
    const half = new Map([["x", makeTensor("float16", [1], [0])]]);
    assert.throws(() => encodePredictBody(half), { code: "unsupported-dtype" });
    const scalar = new Map([["x", makeTensor("float32", [], [0])]]);
    assert.throws(() => encodePredictBody(scalar, { format: "row" }), { code: "bad-tensor" });
    const uneven = new Map([
      ["x", makeTensor("float32", [1], [0])],
      ["y", makeTensor("float32", [2], [0, 0])],
    ]);
    assert.throws(() => encodePredictBody(uneven, { format: "row" }), { code: "bad-tensor" });
    assert.throws(() => encodePredictBody(new Map(), { format: "row" }), { code: "bad-tensor" });
    assert.throws(() => encodePredictBody(new Map([["x", makeTensor("float32", [2], [0])]])), { code: "bad-tensor" });
  });
});

describe("what a client reads over REST", () => {
  for (const format of formats) {
    it(`is what the server answered, ${format} format`, () => {
      assert.deepEqual(decodePredictAnswer(encodePredictAnswer(batch, format), typesOf(batch)), batch);
      for (const [name, tensor] of batch) {
        const one = new Map([[name, tensor]]);
        assert.deepEqual(decodePredictAnswer(encodePredictAnswer(one, format), typesOf(one)), one);
      }
    });
  }

  it("can be an empty batch", () => {
    const types = new Map<string, DataType>([
      ["a", "float32"],
      ["b", "string"],
    ]);
    assert.deepEqual(
      decodePredictAnswer(bytesOf('{"predictions":[]}'), types),
      new Map<string, Tensor>([
        ["a", makeTensor("float32", [0], [])],
        ["b", makeTensor("string", [0], [])],
      ]),
    );
  });

  it("is refused when it is not an answer to the question", () => {
    const types = new Map<string, DataType>([["y", "float32"]]);
    for (const body of [
      "",
      "[]",
      "{}",
      '{"predictions":[1],"outputs":[1]}',
      '{"predictions":5}',
      '{"predictions":["a"]}',
      '{"outputs":[[1],[1,2]]}',
      '{"error":"x"}',
    ]) {
      assert.throws(() => decodePredictAnswer(bytesOf(body), types), { code: "bad-answer" });
    }
    assert.throws(() => decodePredictAnswer(bytesOf('{"predictions":[1]}'), types, { maxBytes: 5 }), {
      code: "bad-answer",
    });
  });

  it("can be an error", () => {
    assert.equal(decodeErrorAnswer(encodeErrorAnswer('no "such" model')), 'no "such" model');
    assert.throws(() => decodeErrorAnswer(bytesOf('{"error":5}')), { code: "bad-answer" });
    assert.throws(() => decodeErrorAnswer(bytesOf("<html>")), { code: "bad-answer" });
  });
});
