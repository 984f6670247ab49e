import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SealserveError } from "@sealserve/core";
import fc from "fast-check";
import { GetModelMetadataResponse, signaturesOf } from "../src/messages/model-metadata.ts";
import { ModelSpec } from "../src/messages/model-spec.ts";
import { GetModelStatusResponse } from "../src/messages/model-status.ts";
import { decodePredictRequest, decodePredictResponse, encodePredictRequest } from "../src/messages/predict.ts";
import { SavedModel } from "../src/messages/tensorflow/saved-model.ts";
import { messageToJson } from "../src/protobuf/json.ts";
import { decodeErrorAnswer, decodePredictAnswer } from "../src/rest/client-answer.ts";
import { parseRestPath } from "../src/rest/path.ts";
import { encodePredictAnswer } from "../src/rest/predict-answer.ts";
import { parsePredictBody } from "../src/rest/predict-body.ts";
import type { DataType } from "../src/tensor/data-type.ts";
import { decodeTensor } from "../src/tensor/decode.ts";
import { encodeTensor } from "../src/tensor/encode.ts";
import { elementCount } from "../src/tensor/tensor.ts";
import { bytesOf, makeTensor } from "./fixtures.ts";

const runs = { numRuns: 1000 };

/** Runs `read`; only errors of our own may come out of it. */
function reads<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof SealserveError, error instanceof Error ? error.stack : String(error));
    return undefined;
  }
}

/** A valid message with some bytes changed, which gets further into the decoder than noise. */
function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  return fc.tuple(fc.array(change, { maxLength: 4 }), fc.nat(bytes.length)).map(([changes, length]) => {
    const copy = bytes.slice();
    for (const [index, value] of changes) {
      copy[index] = value;
    }
    return length % 4 === 0 ? copy.subarray(0, length) : copy;
  });
}

const request = encodePredictRequest({
  modelSpec: ModelSpec.create({ name: "m", version: 3n, signatureName: "s" }),
  inputs: new Map([
    ["x", makeTensor("float32", [2, 2], [1, 2, 3, 4])],
    ["s", makeTensor("string", [2], ["a", "bc"])],
    ["i", makeTensor("int64", [2], [1n, -1n])],
  ]),
  outputFilter: ["y"],
});

describe("bytes of any kind", () => {
  it("never get more than an error of our own out of the protobuf readers", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged(request)), (bytes) => {
        reads(() => decodePredictRequest(bytes));
        reads(() => decodePredictResponse(bytes));
        reads(() => messageToJson(SavedModel, SavedModel.decode(bytes)));
        reads(() => GetModelStatusResponse.decode(bytes));
        reads(() => signaturesOf(GetModelMetadataResponse.decode(bytes)));
      }),
      runs,
    );
  });

  it("become a tensor that is whole, or none", () => {
    const tensors = [
      encodeTensor(makeTensor("float32", [2, 2], [1, 2, 3, 4])),
      encodeTensor(makeTensor("string", [2], ["ab", "c"]), { asContent: true }),
      encodeTensor(makeTensor("uint8", [3], [1, 2, 255])),
    ];
    const any = fc.oneof(fc.uint8Array({ maxLength: 60 }), ...tensors.map(damaged));
    fc.assert(
      fc.property(any, (bytes) => {
        const tensor = reads(() => decodeTensor(bytes));
        if (tensor !== undefined) {
          const width = tensor.dtype.startsWith("complex") ? 2 : 1;
          assert.equal(tensor.data.length, width * elementCount(tensor.shape));
        }
      }),
      runs,
    );
  });

  it("never get more than an error of our own out of the JSON readers", () => {
    const types = new Map<string, DataType>([["x", "float32"]]);
    const body = bytesOf('{"signature_name":"s","instances":[[1,-2.5e3],[NaN,0.1234567890123456789]]}');
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), damaged(body)), (bytes) => {
        reads(() => parsePredictBody(bytes, { inputs: types }));
        reads(() => decodePredictAnswer(bytes, types));
        reads(() => decodeErrorAnswer(bytes));
      }),
      runs,
    );
  });

  it("never get more than an error of our own out of the path parser", () => {
    fc.assert(
      fc.property(fc.constantFrom("GET", "POST", "OPTIONS", "PUT"), fc.string({ unit: "binary" }), (method, path) => {
        reads(() => parseRestPath(method, path));
        reads(() => parseRestPath(method, `/v1/models/${path}`));
      }),
      runs,
    );
  });
});

describe("JSON of any shape", () => {
  const leaf = fc.oneof(
    fc.constantFrom("null", "true", "false", "NaN", "-Infinity", "1.0", "-0", '{"b64":"aGk="}', '{"b64":5}'),
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    fc.string().map((text) => JSON.stringify(text)),
  );
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
      fc
        .array(fc.tuple(fc.constantFrom("x", "y", "z", "b64"), tie("value")), { maxLength: 3 })
        .map((members) => `{${members.map(([name, item]) => `"${name}":${item}`).join(",")}}`),
    ),
  }));
  const dtype = fc.constantFrom<DataType>("float32", "float64", "int32", "uint8", "int64", "bool", "string", "float16");

  it("becomes whole tensors, which can be answered with, or a refusal", () => {
    const form = fc.constantFrom("instances", "inputs");
    fc.assert(
      fc.property(form, fc.array(value, { maxLength: 3 }), dtype, dtype, fc.boolean(), (key, items, a, b, two) => {
        const types = new Map<string, DataType>([["x", a]]);
        if (two) {
          types.set("y", b);
        }
        const text = `{"${key}":${key === "inputs" ? (items[0] ?? "[]") : `[${items.join(",")}]`}}`;
        const body = reads(() => parsePredictBody(bytesOf(text), { inputs: types }));
        for (const tensor of body?.inputs.values() ?? []) {
          assert.equal(tensor.data.length, elementCount(tensor.shape));
        }
        if (body !== undefined) {
          reads(() => encodePredictAnswer(body.inputs, body.format));
        }
      }),
      runs,
    );
  });
});
