import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { NodeDef, Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { type FixtureModel, floatVariable, type Port, savedModelFiles } from "./fixtures/saved-model.ts";
import { booleans, floats, int32s, texts } from "./fixtures/tensors.ts";

after(closeModels);

const inputs = { x: ["x:0", "float32"], choice: ["choice:0", "bool"], other: ["other:0", "bool"] } as const;
const placeholders = Object.entries(inputs).map(([name, [, dtype]]) =>
  node(name, "Placeholder", [], { dtype: typeAttr(dtype) }),
);

function modelOf(nodes: readonly NodeDef[], outputs: Readonly<Record<string, Port>>): FixtureModel {
  return { nodes: [...placeholders, ...nodes], signatures: { s: { inputs, outputs } } };
}

async function run(model: FixtureModel, choice: number, other = 0): Promise<ReadonlyMap<string, Tensor>> {
  const given = new Map([
    ["x", floats([2], [1, 3])],
    ["choice", booleans([], [choice])],
    ["other", booleans([], [other])],
  ]);
  return await (await load(savedModelFiles(model))).run("s", given, []);
}

/** `x * 10` where the choice is false, else `x + 1`. */
const choosing: readonly NodeDef[] = [
  constantNode("one", floats([], [1])),
  constantNode("ten", floats([], [10])),
  node("split", "Switch", ["x", "choice"]),
  node("stretched", "Mul", ["split:0", "ten"]),
  node("increased", "AddV2", ["split:1", "one"]),
  node("joined", "Merge", ["stretched", "increased"]),
];

test("Merge gives what the taken branch has computed, and which one it was", async () => {
  const model = modelOf(choosing, { y: ["joined:0", "float32"], branch: ["joined:1", "int32"] });
  const [no, yes] = [await run(model, 0), await run(model, 1)];
  assert.deepEqual([no.get("y"), no.get("branch")], [floats([2], [10, 30]), int32s([], [0])]);
  assert.deepEqual([yes.get("y"), yes.get("branch")], [floats([2], [2, 4]), int32s([], [1])]);
});

test("a branch that is not taken is not run, and what comes behind the choice is", async () => {
  const nodes = [
    ...choosing,
    node("checked", "Switch", ["other", "choice"]),
    node("check", "Assert", ["checked:1"]),
    node("y", "AddV2", ["joined", "x", "^check"]),
  ];
  const model = modelOf(nodes, { y: ["y:0", "float32"] });
  assert.deepEqual((await run(model, 0, 0)).get("y"), floats([2], [11, 33]));
  assert.deepEqual((await run(model, 1, 1)).get("y"), floats([2], [3, 7]));
  await assert.rejects(run(model, 1, 0), servingError("INVALID_ARGUMENT", /assertion/));
});

test("choices may stand inside of each other, and meet values from outside", async () => {
  const nodes = [
    ...choosing,
    node("inner", "Switch", ["increased", "other"]),
    node("negative", "Neg", ["inner:0"]),
    node("squared", "Square", ["inner:1"]),
    node("innerJoined", "Merge", ["negative", "squared"]),
    node("plus", "AddV2", ["innerJoined", "increased"]),
    node("plusOutside", "AddV2", ["plus", "outside"]),
    node("outside", "Neg", ["x"]),
    node("y", "Merge", ["stretched", "plusOutside"]),
  ];
  const model = modelOf(nodes, { y: ["y:0", "float32"] });
  assert.deepEqual((await run(model, 0)).get("y"), floats([2], [10, 30]));
  assert.deepEqual((await run(model, 1, 0)).get("y"), floats([2], [-1, -3]));
  assert.deepEqual((await run(model, 1, 1)).get("y"), floats([2], [5, 17]));
});

test("a variable goes through a choice as any value does", async () => {
  const nodes = [
    node("v", "VariableV2", [], { dtype: typeAttr("float32") }),
    constantNode("names", texts(["v"])),
    node("restored", "RestoreV2", ["names", "names", "names"]),
    node("restore", "Assign", ["v", "restored"]),
    node("split", "Switch", ["v", "choice"]),
    node("negative", "Neg", ["split:0"]),
    node("joined", "Merge", ["negative", "split:1"]),
  ];
  const model: FixtureModel = {
    ...modelOf(nodes, { y: ["joined:0", "float32"] }),
    restoreOperation: "restore",
    variables: { v: floatVariable([1], [4]) },
  };
  assert.deepEqual((await run(model, 0)).get("y"), floats([1], [-4]));
  assert.deepEqual((await run(model, 1)).get("y"), floats([1], [4]));
});

test("an output of a branch that is not taken fails the run", async () => {
  const model = modelOf(choosing, { y: ["increased:0", "float32"] });
  assert.deepEqual((await run(model, 1)).get("y"), floats([2], [2, 4]));
  await assert.rejects(run(model, 0), servingError("INVALID_ARGUMENT", /branch that these inputs do not take/));
});

/** As TensorFlow 1 writes a loop: what it leads back to comes behind it. */
const circle: readonly NodeDef[] = [
  node("entered", "Enter", ["x"]),
  node("merged", "Merge", ["entered", "next"]),
  node("goesOn", "LoopCond", ["choice"]),
  node("switched", "Switch", ["merged", "goesOn"]),
  node("stringy", "NoSuchOperation", ["switched:1"]),
  node("next", "NextIteration", ["stringy"]),
  node("left", "Exit", ["switched:0"]),
];

test("a loop of the older form is told with all that is missing, and other signatures serve", async () => {
  const model = modelOf([...circle, node("twice", "AddV2", ["x", "x"])], { y: ["left:0", "float32"] });
  const other = { inputs: { x: inputs.x }, outputs: { z: ["twice:0", "float32"] } } as const;
  const loaded = await load(savedModelFiles({ ...model, signatures: { ...model.signatures, other } }));
  const refusal = loaded.refusals.get("s");
  assert.equal(refusal?.code, "unsupported-op");
  for (const op of ["Enter", "LoopCond", "NextIteration", "Exit", "NoSuchOperation"]) {
    assert.ok(refusal.message.includes(op), refusal.message);
  }
  const outputs = await loaded.run("other", new Map([["x", floats([1], [2])]]), []);
  assert.deepEqual(outputs.get("z"), floats([1], [4]));
});

test("a merge of values of different types, and loops of the older form, are refused", () => {
  const mixed = [...choosing, node("mixed", "Merge", ["stretched", "choice"])];
  assert.throws(
    () => prepareSavedModel(savedModelFiles(modelOf(mixed, { y: ["mixed:0", "float32"] }))),
    modelError("bad-graph"),
  );
  const looping = [node("y", "Enter", ["x"])];
  assert.throws(
    () => prepareSavedModel(savedModelFiles(modelOf(looping, { y: ["y:0", "float32"] }))),
    modelError("unsupported-op", /Enter/),
  );
});
