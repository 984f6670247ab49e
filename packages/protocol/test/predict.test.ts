import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ModelSpec } from "../src/messages/model-spec.ts";
import {
  decodePredictRequest,
  decodePredictResponse,
  encodePredictRequest,
  encodePredictResponse,
} from "../src/messages/predict.ts";
import { TensorProto } from "../src/messages/tensorflow/tensor-proto.ts";
import { WireWriter } from "../src/protobuf/wire-writer.ts";
import { ServingError } from "../src/status/serving-error.ts";
import { encodeTensor } from "../src/tensor/encode.ts";
import { makeTensor } from "./fixtures.ts";

const x = makeTensor("float32", [3], [1, 2, 5]);
const names = makeTensor("string", [1], ["hello"]);
const modelSpec = ModelSpec.create({ name: "half_plus_two", version: 123n, signatureName: "serving_default" });

function tensorEntry(tensor: Uint8Array): Uint8Array {
  return new WireWriter().tag(1, 2).string("x").tag(2, 2).bytes(tensor).finish();
}

describe("PredictRequest", () => {
  it("comes back with both encodings of tensors", () => {
    const request = {
      modelSpec,
      inputs: new Map([
        ["x", x],
        ["names", names],
      ]),
      outputFilter: ["y", "z"],
    };
    for (const asContent of [false, true]) {
      assert.deepEqual(decodePredictRequest(encodePredictRequest(request, { asContent })), request);
    }
  });

  it("has no model spec when the client sent none", () => {
    assert.deepEqual(decodePredictRequest(new Uint8Array(0)), {
      modelSpec: undefined,
      inputs: new Map(),
      outputFilter: [],
    });
    assert.equal(encodePredictRequest({ modelSpec: undefined, inputs: new Map(), outputFilter: [] }).length, 0);
  });

  it("passes over the fields for streaming and request options", () => {
    const bytes = new WireWriter().tag(5, 2).string("").tag(6, 2).string("client").tag(7, 2).string("").finish();
    assert.equal(decodePredictRequest(bytes).inputs.size, 0);
  });

  it("takes the last of equal inputs, and entries whose key comes last", () => {
    const two = new WireWriter()
      .tag(2, 2)
      .bytes(tensorEntry(encodeTensor(names)))
      .tag(2, 2)
      .delimited((entry) => entry.tag(2, 2).bytes(encodeTensor(x)).tag(1, 2).string("x"))
      .finish();
    assert.deepEqual([...decodePredictRequest(two).inputs], [["x", x]]);
  });

  it("merges a model spec that comes in parts", () => {
    const bytes = new WireWriter()
      .tag(1, 2)
      .bytes(ModelSpec.encode({ name: "m" }))
      .tag(1, 2)
      .bytes(ModelSpec.encode({ versionLabel: "stable" }))
      .finish();
    assert.deepEqual(decodePredictRequest(bytes).modelSpec, ModelSpec.create({ name: "m", versionLabel: "stable" }));
  });

  it("names the input whose tensor cannot be read", () => {
    const bad = TensorProto.encode({ dtype: 1, tensorContent: new Uint8Array(3) });
    const bytes = new WireWriter().tag(2, 2).bytes(tensorEntry(bad)).finish();
    assert.throws(
      () => decodePredictRequest(bytes),
      (error) =>
        error instanceof ServingError &&
        error.code === "INVALID_ARGUMENT" &&
        error.message === "tensor parsing error: x",
    );
  });

  it("is refused when it is cut anywhere", () => {
    const bytes = encodePredictRequest({ modelSpec, inputs: new Map([["x", x]]), outputFilter: [] });
    for (let length = 1; length < bytes.length; length++) {
      try {
        assert.notDeepEqual(decodePredictRequest(bytes.subarray(0, length)).inputs.get("x"), x);
      } catch (error) {
        assert.ok(error instanceof Error && "code" in error && error.code === "truncated", String(error));
      }
    }
  });

  it("is refused when its tensors together ask for far more memory than was sent", () => {
    const big = TensorProto.encode({
      dtype: 1,
      tensorShape: { dim: [{ size: 10_000_000n, name: "" }], unknownRank: false },
    });
    const entry = tensorEntry(big);
    const once = new WireWriter().tag(2, 2).bytes(entry).finish();
    assert.equal(decodePredictRequest(once).inputs.get("x")?.data.length, 10_000_000);
    const twice = new WireWriter().tag(2, 2).bytes(entry).tag(2, 2).bytes(entry).finish();
    assert.throws(() => decodePredictRequest(twice), { message: "tensor parsing error: x" });
  });

  it("is refused above the limits on size and elements", () => {
    const bytes = encodePredictRequest({ modelSpec, inputs: new Map([["x", x]]), outputFilter: ["a", "b"] });
    assert.throws(() => decodePredictRequest(bytes, { maxBytes: bytes.length - 1 }), { code: "too-large" });
    assert.throws(() => decodePredictRequest(bytes, { maxElements: 2 }), { code: "too-many-elements" });
    const scalar = makeTensor("float32", [], [1]);
    const inputs = new Map(["a", "b", "c"].map((name) => [name, scalar]));
    const many = encodePredictRequest({ modelSpec, inputs, outputFilter: [] });
    assert.equal(decodePredictRequest(many, { maxElements: 3 }).inputs.size, 3);
    assert.throws(() => decodePredictRequest(many, { maxElements: 2 }), { code: "too-many-elements" });
  });
});

describe("PredictResponse", () => {
  it("comes back with both encodings of tensors", () => {
    const response = { modelSpec, outputs: new Map([["y", x]]) };
    for (const asContent of [false, true]) {
      assert.deepEqual(decodePredictResponse(encodePredictResponse(response, { asContent })), response);
    }
  });

  it("is refused without a model spec, or with an unreadable tensor", () => {
    assert.throws(() => decodePredictResponse(new Uint8Array(0)), { code: "bad-answer" });
    const bad = TensorProto.encode({ dtype: 1, tensorContent: new Uint8Array(3) });
    const bytes = new WireWriter().tag(1, 2).bytes(tensorEntry(bad)).finish();
    assert.throws(() => decodePredictResponse(bytes), { code: "bad-tensor" });
  });
});

describe("ModelSpec", () => {
  it("sends a version in its wrapper, 0 included", () => {
    assert.deepEqual([...ModelSpec.encode({ name: "m", version: 5n })], [0x0a, 1, 0x6d, 0x12, 2, 0x08, 5]);
    assert.equal(ModelSpec.decode(ModelSpec.encode({ version: 0n })).version, 0n);
    assert.equal(ModelSpec.decode(ModelSpec.encode({ name: "m" })).version, undefined);
  });

  it("has a version or a label, not both", () => {
    assert.throws(() => ModelSpec.encode({ version: 1n, versionLabel: "a" }), { code: "oneof-conflict" });
    const both = new WireWriter()
      .tag(2, 2)
      .delimited((wrapper) => wrapper.tag(1, 0).int64(1n))
      .tag(4, 2)
      .string("stable")
      .finish();
    assert.deepEqual(ModelSpec.decode(both), ModelSpec.create({ versionLabel: "stable" }));
  });
});
