import assert from "node:assert/strict";
import { test } from "node:test";
import { FillBudget } from "@sealserve/protocol";

import { constantNode, node, textTensor } from "../src/examples/graph-def.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { indexGraph } from "../src/saved-model/graph-library.ts";
import { parseMetaGraph } from "../src/saved-model/meta-graph.ts";
import { findRestoredTensors } from "../src/saved-model/variables.ts";
import { modelError } from "./fixtures/errors.ts";
import { halfPlusTwoWithFunctions, savedModelFiles, splatTensor } from "./fixtures/saved-model.ts";

function keysOf(files: ReadonlyMap<string, Uint8Array>, restoreOperation?: string): Record<string, string> {
  const metaGraph = parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array());
  const operation = restoreOperation ?? metaGraph.saverDef?.restoreOpName ?? "";
  return Object.fromEntries(
    [...findRestoredTensors(indexGraph(metaGraph), operation)].map(([identity, { key }]) => [identity, key]),
  );
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
      constantNode("slices", textTensor([""])),
      node("restored", "RestoreV2", ["keys", "keys", "slices"]),
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
        constantNode("slices", textTensor([""])),
        node("restored", "RestoreV2", ["keys", "keys", "slices"]),
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
      constantNode("slices", textTensor([""])),
      node("restored", "RestoreV2", ["keys", "keys", "slices"]),
      node("restore", "Assign", ["v", "restored"]),
    ],
    signatures: {},
  });
  const library = indexGraph(parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array()));
  const withFill = (bytes: number) => findRestoredTensors({ ...library, fill: new FillBudget(bytes) }, "restore");
  assert.equal(withFill(1000).get("|v")?.key, "key");
  assert.throws(() => withFill(500), modelError("bad-graph", /far larger/));
});

test("a part of a partitioned variable is restored from its slice", () => {
  const files = savedModelFiles({
    nodes: [
      node("v", "VariableV2"),
      node("w", "VariableV2"),
      constantNode("keys", textTensor(["key", "key"])),
      constantNode("slices", textTensor(["12 4 0,6:0,4", "12 4 0,12:-"])),
      node("restored", "RestoreV2", ["keys", "keys", "slices"]),
      node("assign_v", "Assign", ["v", "restored:0"]),
      node("assign_w", "Assign", ["w", "restored:1"]),
      node("restore", "NoOp", ["^assign_v", "^assign_w"]),
    ],
    signatures: {},
  });
  const library = indexGraph(parseMetaGraph(files.get("saved_model.pb") ?? new Uint8Array()));
  const restored = findRestoredTensors(library, "restore");
  assert.equal(restored.get("|v")?.slice?.text, "12 4 0,6:0,4");
  assert.deepEqual(restored.get("|w"), { key: "key", slice: undefined });
});
