import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClassificationRequest, ClassificationResponse } from "../src/messages/classification.ts";
import { Input } from "../src/messages/input.ts";
import { ModelSpec } from "../src/messages/model-spec.ts";
import { MultiInferenceRequest, MultiInferenceResponse } from "../src/messages/multi-inference.ts";
import { RegressionResponse } from "../src/messages/regression.ts";
import { Example, type Feature } from "../src/messages/tensorflow/example.ts";
import { bytesOf } from "./fixtures.ts";

const features = new Map<string, Feature>([
  ["b", { bytesList: { value: [bytesOf("x"), bytesOf("")] } }],
  ["f", { floatList: { value: Float32Array.of(1.5, Number.NaN) } }],
  ["i", { int64List: { value: BigInt64Array.of(-1n, 2n ** 62n) } }],
  ["none", {}],
]);

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("Example", () => {
  it("comes back from the wire with typed arrays", () => {
    const bytes = Example.encode({ features: { feature: features } });
    assert.deepEqual(Example.decode(bytes).features?.feature, features);
  });

  it("has the wire form of tensorflow/core/example", () => {
    const feature = new Map<string, Feature>([["x", { floatList: { value: Float32Array.of(2) } }]]);
    // Features (1) { entry (1) { key (1) "x", value (2) Feature { FloatList (2) { packed value (1) } } } }
    assert.equal(hex(Example.encode({ features: { feature } })), "0a0f0a0d0a0178120812060a0400000040");
  });

  it("merges as protobuf does: of two features with one name the later one stays", () => {
    const first = Example.encode({ features: { feature: features } });
    const second = Example.encode({
      features: { feature: new Map([["f", { int64List: { value: BigInt64Array.of(7n) } }]]) },
    });
    const merged = Example.decode(Buffer.concat([first, second])).features?.feature;
    assert.deepEqual(merged?.get("f"), { int64List: { value: BigInt64Array.of(7n) } });
    assert.deepEqual(merged?.get("b"), features.get("b"));
  });

  it("reads lists that are not packed", () => {
    const feature = Buffer.from("0a0b0a090a017812041a020805", "hex");
    assert.deepEqual(Example.decode(feature).features?.feature.get("x"), {
      int64List: { value: BigInt64Array.of(5n) },
    });
  });

  it("is refused when it is cut off or has too many values", () => {
    const bytes = Example.encode({ features: { feature: features } });
    assert.throws(() => Example.decode(bytes.subarray(0, bytes.length - 1)), { code: "truncated" });
    assert.throws(() => Example.decode(bytes, { maxElements: 3 }), { code: "too-many-elements" });
  });
});

describe("requests over examples", () => {
  const example = Example.encode({ features: { feature: features } });

  it("keep their examples encoded, in either kind of list", () => {
    const input: Input = { exampleListWithContext: { examples: [example, example], context: bytesOf("") } };
    const request = { modelSpec: ModelSpec.create({ name: "m" }), input };
    assert.deepEqual(ClassificationRequest.decode(ClassificationRequest.encode(request)), request);
    const tasks = [{ modelSpec: request.modelSpec, methodName: "tensorflow/serving/classify" }];
    const multi = { tasks, input: { exampleList: { examples: [example] } } };
    assert.deepEqual(MultiInferenceRequest.decode(MultiInferenceRequest.encode(multi)), multi);
  });

  it("have one kind of list: the last one on the wire", () => {
    const both = Buffer.concat([
      Input.encode({ exampleList: { examples: [example] } }),
      Input.encode({ exampleListWithContext: { examples: [], context: bytesOf("") } }),
    ]);
    assert.deepEqual(Input.decode(both), { exampleListWithContext: { examples: [], context: new Uint8Array() } });
  });

  it("are refused with more examples than the limit", () => {
    const bytes = Input.encode({ exampleList: { examples: Array.from({ length: 10 }, () => bytesOf("")) } });
    assert.throws(() => Input.decode(bytes, { maxElements: 9 }), { code: "too-many-elements" });
  });

  it("get answers that come back, with labels of any bytes", () => {
    const modelSpec = ModelSpec.create({ name: "m", version: 1n, signatureName: "s" });
    const classes = [{ label: Uint8Array.of(0xff), score: 0.5 }];
    const classificationResult = { classifications: [{ classes }, { classes: [] }] };
    const regressionResult = { regressions: [{ value: 2.5 }, { value: 0 }] };
    const classified = { modelSpec, result: classificationResult };
    assert.deepEqual(ClassificationResponse.decode(ClassificationResponse.encode(classified)), classified);
    const regressed = { modelSpec, result: regressionResult };
    assert.deepEqual(RegressionResponse.decode(RegressionResponse.encode(regressed)), regressed);
    const results = [
      { modelSpec, classificationResult },
      { modelSpec, regressionResult },
    ];
    assert.deepEqual(MultiInferenceResponse.decode(MultiInferenceResponse.encode({ results })), { results });
  });
});
