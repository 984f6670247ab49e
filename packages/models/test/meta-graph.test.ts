import assert from "node:assert/strict";
import { test } from "node:test";

import { encodeTensor, FillBudget, MetaGraphDef, SavedModel } from "@sealserve/protocol";

import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { parseMetaGraph } from "../src/saved-model/meta-graph.ts";
import { describeSignatures } from "../src/saved-model/signatures.ts";
import { modelError } from "./fixtures/errors.ts";
import { savedModelFiles, splatTensor } from "./fixtures/saved-model.ts";
import { floats } from "./fixtures/tensors.ts";

const describe = ({ signatureDef }: MetaGraphDef) => describeSignatures(signatureDef, new FillBudget(100));

function savedModel(tags: readonly string[]): Uint8Array {
  return savedModelFiles({ nodes: [], signatures: {}, tags }).get("saved_model.pb") ?? new Uint8Array();
}

test("the graph tagged serve is taken", () => {
  assert.deepEqual(parseMetaGraph(savedModel(["serve"])).metaInfoDef?.tags, ["serve"]);
});

test("the set of tags must be the same, in any order", () => {
  assert.deepEqual(parseMetaGraph(savedModel(["train", "serve"]), ["serve", "train"]).metaInfoDef?.tags.length, 2);
  for (const tags of [[], ["train"], ["serve", "gpu"], ["Serve"]]) {
    assert.throws(() => parseMetaGraph(savedModel(tags)), modelError("unknown-tag", /\{serve\}/));
  }
});

test("bytes that are no SavedModel are refused", () => {
  const good = makeHalfPlusTwo().get("saved_model.pb") ?? new Uint8Array();
  assert.throws(() => parseMetaGraph(new Uint8Array()), modelError("bad-saved-model", /no graph/));
  assert.throws(() => parseMetaGraph(new TextEncoder().encode("not a protobuf")), modelError("bad-saved-model"));
  assert.throws(() => parseMetaGraph(good.subarray(0, -1)), modelError("bad-saved-model"));
  assert.throws(() => parseMetaGraph(SavedModel.encode({ metaGraphs: [] })), modelError("bad-saved-model"));
});

test("signatures are described with types and shapes, those of variables included", () => {
  const files = savedModelFiles({
    nodes: [],
    signatures: {
      serving_default: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "int64"] } },
    },
  });
  const metaGraph = parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array());
  const [declared] = metaGraph.signatureDef.values();
  const output = declared?.outputs.get("y");
  assert.ok(output);
  output.dtype = 101;
  output.tensorShape = undefined;
  assert.deepEqual(describe(metaGraph).get("serving_default"), {
    methodName: "tensorflow/serving/predict",
    inputs: new Map([["x", { dtype: "float32", shape: [-1], tensorName: "x:0" }]]),
    outputs: new Map([["y", { dtype: "float32", shape: undefined, tensorName: "y:0" }]]),
    defaults: new Map(),
  });
});

test("tensors without a type are left out, sparse ones keep no tensor name", () => {
  const files = savedModelFiles({
    nodes: [],
    signatures: { init: { inputs: { s: ["s:0", "string"] }, outputs: { done: ["NoOp", "float32"] } } },
  });
  const metaGraph = parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array());
  const [declared] = metaGraph.signatureDef.values();
  const [input, output] = [declared?.inputs.get("s"), declared?.outputs.get("done")];
  assert.ok(input && output);
  output.dtype = 0;
  input.name = undefined;
  const signature = describe(metaGraph).get("init");
  assert.equal(signature?.inputs.get("s")?.tensorName, "");
  assert.equal(signature?.outputs.size, 0);
});

test("default values are decoded, and refused when they cannot be", () => {
  const files = savedModelFiles({ nodes: [], signatures: { s: { inputs: {}, outputs: {} } } });
  const metaGraph = parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array());
  const [[, declared] = []] = metaGraph.signatureDef;
  assert.ok(declared);
  const withDefault = (bytes: Uint8Array): MetaGraphDef =>
    MetaGraphDef.create({
      ...metaGraph,
      signatureDef: new Map([["s", { ...declared, defaults: new Map([["x", bytes]]) }]]),
    });
  const three = floats([1], [3]);
  assert.deepEqual(describe(withDefault(encodeTensor(three))).get("s")?.defaults, new Map([["x", three]]));
  const splat = splatTensor(100, { dtype: 1, floatVal: Float32Array.of(1) });
  assert.throws(() => describe(withDefault(splat)), modelError("bad-saved-model", /far larger/));
  assert.throws(() => describe(withDefault(Uint8Array.of(0xff))), modelError("bad-saved-model", /signature "s"/));
});
