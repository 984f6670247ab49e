import assert from "node:assert/strict";
import { test } from "node:test";

import { SavedModel } from "@sealserve/protocol";

import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { parseMetaGraph } from "../src/saved-model/meta-graph.ts";
import { describeSignatures } from "../src/saved-model/signatures.ts";
import { modelError } from "./fixtures/errors.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";

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
  assert.deepEqual(describeSignatures(metaGraph).get("serving_default"), {
    methodName: "tensorflow/serving/predict",
    inputs: new Map([["x", { dtype: "float32", shape: [-1], tensorName: "x:0" }]]),
    outputs: new Map([["y", { dtype: "float32", shape: undefined, tensorName: "y:0" }]]),
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
  const signature = describeSignatures(metaGraph).get("init");
  assert.equal(signature?.inputs.get("s")?.tensorName, "");
  assert.equal(signature?.outputs.size, 0);
});
