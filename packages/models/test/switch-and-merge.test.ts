import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { NodeDef, Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import {
  callNode,
  type FixtureModel,
  floatVariable,
  functionDef,
  type Port,
  savedModelFiles,
} from "./fixtures/saved-model.ts";
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

test("choices inside of each other are run, and refused when there are very many", async () => {
  const nested = (depth: number) => [
    ...Array.from({ length: depth }, (_, level) => [
      node(`not${level}`, "LogicalNot", [level === 0 ? "choice" : `not${level - 1}`]),
      node(`taken${level}`, "Switch", [level === 0 ? "x" : `taken${level - 1}:${level % 2}`, `not${level}`]),
    ]).flat(),
    node("y", "Identity", [`taken${depth - 1}:${depth % 2}`]),
  ];
  const outputs = { y: ["y:0", "float32"] } as const;
  assert.deepEqual((await run(modelOf(nested(20), outputs), 0)).get("y"), floats([2], [1, 3]));
  const many = savedModelFiles(modelOf(nested(65), outputs));
  assert.throws(() => prepareSavedModel(many), modelError("too-large", /more than 64 branches/));
});

test("a branch that is not taken is not run, and what comes behind the choice is", async () => {
  const nodes = [
    ...choosing,
    node("checked", "Switch", ["other", "choice"]),
    node("check", "Assert", ["checked:1"]),
    node("passed", "Identity", ["checked:1", "^check"]),
    node("over", "Merge", ["checked:0", "passed"]),
    node("y", "AddV2", ["joined", "x", "^over"]),
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
    constantNode("slices", texts([""])),
    node("restored", "RestoreV2", ["names", "names", "slices"]),
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

test("constants are in a branch by their control edges, and stay constants there", async () => {
  const nodes = [
    node("pivot", "Switch", ["choice", "choice"]),
    node("otherwise", "Identity", ["pivot:0"]),
    node("then", "Identity", ["pivot:1"]),
    { ...constantNode("five", floats([], [5])), input: ["^otherwise"] },
    { ...constantNode("axis", int32s([], [0])), input: ["^then"] },
    node("given", "Switch", ["x", "choice"]),
    node("reversed", "ReverseV2", ["given:1", "axes"]),
    { ...constantNode("axes", int32s([1], [0])), input: ["^axis"] },
    node("y", "Merge", ["five", "reversed"]),
    node("z", "Merge", ["five", "seven"]),
    { ...constantNode("seven", floats([], [7])), input: ["^then"] },
  ];
  const model = modelOf(nodes, { y: ["y:0", "float32"], z: ["z:0", "float32"], branch: ["z:1", "int32"] });
  const [no, yes] = [await run(model, 0), await run(model, 1)];
  assert.deepEqual([no.get("y"), no.get("z"), no.get("branch")], [floats([], [5]), floats([], [5]), int32s([], [0])]);
  assert.deepEqual(
    [yes.get("y"), yes.get("z"), yes.get("branch")],
    [floats([2], [3, 1]), floats([], [7]), int32s([], [1])],
  );
});

test("what only has control edges from a branch that is not taken is not run", async () => {
  const nodes = [
    node("pivot", "Switch", ["choice", "choice"]),
    node("then", "Identity", ["pivot:1"]),
    constantNode("never", booleans([], [0])),
    node("check", "Assert", ["never", "^then"]),
    node("group", "NoOp", ["^check"]),
    { ...constantNode("one", floats([], [1])), input: ["^group"] },
    node("outer", "Neg", ["x"]),
    node("guarded", "Identity", ["outer", "^then"]),
    node("y", "Merge", ["one", "unguarded"]),
    node("unguarded", "Switch", ["x", "choice"]),
  ];
  const model = modelOf(nodes, { y: ["y:0", "float32"] });
  assert.deepEqual((await run(model, 0)).get("y"), floats([2], [1, 3]));
  await assert.rejects(run(model, 1), servingError("INVALID_ARGUMENT", /assertion/));
  const dead = modelOf(nodes, { y: ["guarded:0", "float32"] });
  assert.deepEqual((await run(dead, 1)).get("y"), floats([2], [-1, -3]));
  await assert.rejects(run(dead, 0), servingError("INVALID_ARGUMENT", /branch that these inputs do not take/));
});

test("functions without arguments are in the branch of their call", async () => {
  const giving = (name: string, value: number) =>
    functionDef(name, ["unused"], { y: "value:output:0" }, [constantNode("value", floats([], [value]))]);
  const nodes = [
    node("split", "Switch", ["x", "choice"]),
    callNode("three", "giveThree", ["split:0"]),
    callNode("four", "giveFour", ["split:1"]),
    node("y", "Merge", ["three", "four"]),
  ];
  const functions = [giving("giveThree", 3), giving("giveFour", 4)];
  const model = { ...modelOf(nodes, { y: ["y:0", "float32"] }), functions };
  assert.deepEqual((await run(model, 0)).get("y"), floats([], [3]));
  assert.deepEqual((await run(model, 1)).get("y"), floats([], [4]));
});

test("the handle of a variable goes through a choice", async () => {
  const nodes = [
    node("v", "VarHandleOp", [], { dtype: typeAttr("float32"), shared_name: { s: Buffer.from("v") } }),
    constantNode("names", texts(["v"])),
    constantNode("slices", texts([""])),
    node("restored", "RestoreV2", ["names", "names", "slices"]),
    node("restore", "AssignVariableOp", ["v", "restored"]),
    node("split", "RefSwitch", ["v", "choice"]),
    node("no", "ReadVariableOp", ["split:0"]),
    node("negative", "Neg", ["no"]),
    node("yes", "ReadVariableOp", ["split:1"]),
    node("y", "RefMerge", ["negative", "yes"]),
  ];
  const model: FixtureModel = {
    ...modelOf(nodes, { y: ["y:0", "float32"] }),
    restoreOperation: "restore",
    variables: { v: floatVariable([1], [4]) },
  };
  assert.deepEqual((await run(model, 0)).get("y"), floats([1], [-4]));
  assert.deepEqual((await run(model, 1)).get("y"), floats([1], [4]));
});

test("a variable that is restored has a value, for what chooses by that", async () => {
  const restored = [
    node("v", "VariableV2", [], { dtype: typeAttr("float32") }),
    constantNode("names", texts(["v"])),
    constantNode("slices", texts([""])),
    node("restored", "RestoreV2", ["names", "names", "slices"]),
    node("restore", "Assign", ["v", "restored"]),
  ];
  const nodes = [
    ...restored,
    node("unset", "VariableV2", [], { dtype: typeAttr("float32") }),
    node("isThere", "IsVariableInitialized", ["v"]),
    node("isOther", "IsVariableInitialized", ["unset"]),
  ];
  const model = (output: string): FixtureModel => ({
    ...modelOf(nodes, { y: [output, "bool"] }),
    restoreOperation: "restore",
    variables: { v: floatVariable([1], [4]) },
  });
  assert.deepEqual((await run(model("isThere:0"), 0)).get("y"), booleans([], [1]));
  assert.throws(
    () => prepareSavedModel(savedModelFiles(model("isOther:0"))),
    modelError("unsupported-op", /not restored/),
  );
});

test("a merge of values of different types is refused", () => {
  const mixed = [...choosing, node("mixed", "Merge", ["stretched", "choice"])];
  assert.throws(
    () => prepareSavedModel(savedModelFiles(modelOf(mixed, { y: ["mixed:0", "float32"] }))),
    modelError("bad-graph"),
  );
});
