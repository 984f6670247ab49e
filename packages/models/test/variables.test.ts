import assert from "node:assert/strict";
import { test } from "node:test";
import { FillBudget } from "@sealserve/protocol";

import { constantNode, node } from "../src/examples/graph-def.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { indexGraph } from "../src/saved-model/graph-library.ts";
import { parseMetaGraph } from "../src/saved-model/meta-graph.ts";
import { findCheckpointKeys } from "../src/saved-model/variables.ts";
import { modelError } from "./fixtures/errors.ts";
import { halfPlusTwoWithFunctions, savedModelFiles, splatTensor } from "./fixtures/saved-model.ts";

function keysOf(files: ReadonlyMap<string, Uint8Array>, restoreOperation?: string): Record<string, string> {
  const metaGraph = parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array());
  const operation = restoreOperation ?? metaGraph.saverDef?.restoreOpName ?? "";
  return Object.fromEntries(findCheckpointKeys(indexGraph(metaGraph), operation));
}

test("TensorFlow 1: keys are found behind the restore operation", () => {
  assert.deepEqual(keysOf(makeHalfPlusTwo()), { "|a": "a", "|b": "b" });
});

test("TensorFlow 2: keys are found through the restore function", () => {
  assert.deepEqual(keysOf(savedModelFiles(halfPlusTwoWithFunctions())), { "|a": "a/value", "|b": "b/value" });
});

test("handles with one shared name are one variable", () => {
  const files = savedModelFiles({
    nodes: [
      node("v", "VarHandleOp", [], { shared_name: { s: Buffer.from("shared") }, container: { s: Buffer.from("box") } }),
      constantNode("keys", { dtype: "string", shape: [1], data: [Buffer.from("key")] }),
      node("restored", "RestoreV2", ["keys", "keys", "keys"]),
      node("restore", "AssignVariableOp", ["v", "restored"]),
    ],
    signatures: {},
  });
  assert.deepEqual(keysOf(files, "restore"), { "box|shared": "key" });
});

test("assignments of anything but restored values are not counted", () => {
  const files = savedModelFiles({
    nodes: [
      node("v", "VarHandleOp"),
      constantNode("zero", { dtype: "float32", shape: [], data: Float32Array.of(0) }),
      node("restore", "AssignVariableOp", ["v", "zero"]),
    ],
    signatures: {},
  });
  assert.deepEqual(keysOf(files, "restore"), {});
});

test("a restore operation that is not there, or whose names cannot be read, is refused", () => {
  assert.throws(() => keysOf(makeHalfPlusTwo(), "nowhere"), modelError("bad-graph", /nowhere/));
  const restoring = (keys: Parameters<typeof constantNode>[1]) =>
    savedModelFiles({
      nodes: [
        node("v", "VariableV2"),
        constantNode("keys", keys),
        node("restored", "RestoreV2", ["keys", "keys", "keys"]),
        node("restore", "Assign", ["v", "restored:1"]),
      ],
      signatures: {},
    });
  const numbers = restoring({ dtype: "int32", shape: [1], data: Int32Array.of(1) });
  assert.throws(() => keysOf(numbers, "restore"), modelError("bad-graph", /strings/));
  const short = restoring({ dtype: "string", shape: [1], data: [Buffer.from("key")] });
  assert.throws(() => keysOf(short, "restore"), modelError("bad-graph", /lacks/));
  const illFormed = restoring({ dtype: "string", shape: [1], data: [Uint8Array.of(0xff)] });
  assert.throws(() => keysOf(illFormed, "restore"), modelError("bad-graph"));
});

test("names that are one name repeated count as filled up", () => {
  const keys = splatTensor(100, { dtype: 7, stringVal: [Buffer.from("key")] });
  const files = savedModelFiles({
    nodes: [
      node("v", "VariableV2"),
      node("keys", "Const", [], { value: { tensor: keys } }),
      node("restored", "RestoreV2", ["keys", "keys", "keys"]),
      node("restore", "Assign", ["v", "restored"]),
    ],
    signatures: {},
  });
  const library = indexGraph(parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array()));
  const withFill = (bytes: number) => findCheckpointKeys({ ...library, fill: new FillBudget(bytes) }, "restore");
  assert.equal(withFill(1000).get("|v"), "key");
  assert.throws(() => withFill(500), modelError("bad-graph", /far larger/));
});
