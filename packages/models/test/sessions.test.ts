import assert from "node:assert/strict";
import { test } from "node:test";

import { loadSessions } from "../src/engine/sessions.ts";
import { ModelProto } from "../src/onnx/schema.ts";
import { encodeModel, makeExternalInitialiser, makeNode, makeValueInfo } from "../src/onnx/write.ts";

const FILE = "variables/variables.data-00000-of-00001";

function scaleModel(offset: number): Uint8Array<ArrayBuffer> {
  return encodeModel({
    node: [makeNode("Mul", ["x", "w"], ["y"])],
    initializer: [makeExternalInitialiser("w", "float32", [300], { file: FILE, offset, length: 1200 })],
    input: [makeValueInfo("x", "float32")],
    output: [makeValueInfo("y", "float32")],
  });
}

test("sessions keep copies of models and weights, and go on giving the same without them", async () => {
  const weights = new Uint8Array(1203);
  const view = new DataView(weights.buffer);
  for (let index = 0; index < 300; index++) {
    view.setFloat32(3 + 4 * index, index, true);
  }
  const models = [scaleModel(3), scaleModel(3)];
  const files = [{ path: FILE, data: weights }];
  const sessions = await loadSessions({ models, files, threads: 1 });
  for (const bytes of [...models, weights]) {
    bytes.fill(0);
  }
  for (const model of models.keys()) {
    const feeds = new Map([["x", { type: "float32", dims: [], data: Float32Array.of(2) }]]);
    const output = (await sessions.run(model, feeds, ["y"])).get("y");
    assert.deepEqual(
      output?.data,
      Float32Array.from({ length: 300 }, (_, index) => 2 * index),
    );
  }
  await sessions.release();
});

test("a model whose weights are not in its file is refused", async () => {
  const files = [{ path: FILE, data: new Uint8Array(8) }];
  const sessions = await loadSessions({ models: [scaleModel(7)], files, threads: 1 });
  assert.equal(typeof sessions.refusals[0], "string");
});

test("a model is read as ONNX even where it carries the mark of the runtime's own format", async () => {
  const graph = { node: [makeNode("Neg", ["x"], ["y"])], input: [makeValueInfo("x", "float32")] };
  const plain = ModelProto.decode(encodeModel({ ...graph, output: [makeValueInfo("y", "float32")] }));
  const marked = ModelProto.encode({ ...plain, producerName: "ORTM" });
  assert.equal(Buffer.from(marked).toString("latin1", 4, 8), "ORTM");
  const sessions = await loadSessions({ models: [marked], files: [], threads: 1 });
  assert.deepEqual(sessions.refusals, [undefined]);
  await sessions.release();
});
