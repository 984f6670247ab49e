import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { NodeDef, Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { callNode, type FixtureModel, functionDef, type Port, savedModelFiles } from "./fixtures/saved-model.ts";
import { floats, int32s } from "./fixtures/tensors.ts";

after(closeModels);

const inputs = { x: ["x:0", "float32"], n: ["n:0", "int32"] } as const;
const placeholders = Object.entries(inputs).map(([name, [, dtype]]) =>
  node(name, "Placeholder", [], { dtype: typeAttr(dtype) }),
);

function modelOf(
  nodes: readonly NodeDef[],
  outputs: Readonly<Record<string, Port>>,
  more: Partial<FixtureModel> = {},
): FixtureModel {
  return { nodes: [...placeholders, ...nodes], signatures: { s: { inputs, outputs } }, ...more };
}

async function run(model: FixtureModel, n: number): Promise<ReadonlyMap<string, Tensor>> {
  const given = new Map([
    ["x", floats([2], [1, 3])],
    ["n", int32s([], [n])],
  ]);
  return await (await load(savedModelFiles(model))).run("s", given, []);
}

const inFrame = (frame: string, constant = false) => ({
  frame_name: { s: Buffer.from(frame) },
  is_constant: { b: constant },
});
const enter = (name: string, input: string, frame: string) => node(name, "Enter", [input], inFrame(frame));
const keep = (name: string, input: string, frame: string) => node(name, "Enter", [input], inFrame(frame, true));

/** Value, decision, result and way back of a variable, as TensorFlow 1 writes them. */
function variable(name: string, next: string, condition: string): NodeDef[] {
  return [
    node(`${name}Merge`, "Merge", [`${name}Enter`, `${name}Next`]),
    node(`${name}Switch`, "Switch", [`${name}Merge`, condition]),
    node(`${name}Now`, "Identity", [`${name}Switch:1`]),
    node(`${name}Next`, "NextIteration", [next]),
    node(`${name}Exit`, "Exit", [`${name}Switch:0`]),
  ];
}

/** Counts from 0 to n, and doubles x in each turn. */
const doubling: readonly NodeDef[] = [
  constantNode("zero", int32s([], [0])),
  enter("iEnter", "zero", "loop"),
  enter("xEnter", "x", "loop"),
  keep("limit", "n", "loop"),
  ...variable("i", "iPlus", "loop/LoopCond"),
  ...variable("x", "xTwice", "loop/LoopCond"),
  node("less", "Less", ["iMerge", "limit"]),
  node("loop/LoopCond", "LoopCond", ["less"]),
  { ...constantNode("one", int32s([], [1])), input: ["^iNow"] },
  node("iPlus", "AddV2", ["iNow", "one"]),
  node("xTwice", "AddV2", ["xNow", "xSwitch:1"]),
];
const ends = { turns: ["iExit:0", "int32"], y: ["xExit:0", "float32"] } as const;

/** The nodes with others in place of those of the same names. */
function changed(nodes: readonly NodeDef[], ...others: readonly NodeDef[]): NodeDef[] {
  const names = new Set(others.map(({ name }) => name));
  return [...nodes.filter(({ name }) => !names.has(name)), ...others];
}

test("a loop of TensorFlow 1 runs as long as its condition holds", async () => {
  const model = modelOf(doubling, ends);
  const [none, five] = [await run(model, 0), await run(model, 5)];
  assert.deepEqual([none.get("turns"), none.get("y")], [int32s([], [0]), floats([2], [1, 3])]);
  assert.deepEqual([five.get("turns"), five.get("y")], [int32s([], [5]), floats([2], [32, 96])]);
});

test("a loop counts by itself, without the engine being asked whether it goes on", () => {
  const plan = prepareSavedModel(savedModelFiles(modelOf(doubling, ends))).plans.get("s");
  const loop = plan?.steps.find((step) => step.kind === "loop");
  assert.equal(loop?.bounds?.length, 1);
});

test("loops stand inside of each other, also in functions", async () => {
  const inner = [
    enter("jEnter", "innerZero", "inner"),
    enter("sEnter", "xNow", "inner"),
    keep("upTo", "iNow", "inner"),
    ...variable("j", "jPlus", "inner/LoopCond"),
    ...variable("s", "sPlus", "inner/LoopCond"),
    node("innerLess", "Less", ["jMerge", "upTo"]),
    node("inner/LoopCond", "LoopCond", ["innerLess"]),
    { ...constantNode("innerZero", int32s([], [0])), input: ["^iNow"] },
    { ...constantNode("innerOne", int32s([], [1])), input: ["^jNow"] },
    { ...constantNode("tenth", floats([], [10])), input: ["^jNow"] },
    node("jPlus", "AddV2", ["jNow", "innerOne"]),
    node("sPlus", "AddV2", ["sNow", "tenth"]),
  ];
  const nested = [...changed(doubling, node("xTwice", "AddV2", ["sExit", "sExit"])), ...inner];
  // 1 → 2 → 24 → 88: nothing, 10 and 20 are added before it is doubled.
  assert.deepEqual((await run(modelOf(nested, ends), 3)).get("y"), floats([2], [88, 104]));
  const looping = functionDef("looping", ["x", "n"], { y: "xExit:output:0" }, nested);
  const called = modelOf(
    [callNode("call", "looping", ["x", "n"])],
    { y: ["call:0", "float32"] },
    { functions: [looping] },
  );
  assert.deepEqual((await run(called, 3)).get("y"), floats([2], [88, 104]));
});

test("checks of each turn fail the run, and those of a loop that takes no turn do not", async () => {
  const checked = [
    ...changed(
      doubling,
      node("xNext", "NextIteration", ["xTwice", "^check"]),
      node("loop/LoopCond", "LoopCond", ["less", "^decided"]),
    ),
    { ...constantNode("two", int32s([], [2])), input: ["^iNow"] },
    node("few", "Less", ["iNow", "two"]),
    node("check", "Assert", ["few"]),
    node("decided", "Identity", ["iMerge"]),
  ];
  const model = modelOf(checked, ends);
  assert.deepEqual((await run(model, 2)).get("y"), floats([2], [4, 12]));
  await assert.rejects(run(model, 3), servingError("INVALID_ARGUMENT", /assertion/));
});

test("a loop in a branch that is not taken takes no turn, even where it would have no end", async () => {
  const model = modelOf(
    [
      constantNode("three", int32s([], [3])),
      node("big", "Less", ["three", "n"]),
      node("split", "Switch", ["x", "big"]),
      node("then", "Identity", ["split:1"]),
      { ...constantNode("first", int32s([], [0])), input: ["^then"] },
      enter("kEnter", "first", "endless"),
      ...variable("k", "kNow", "endless/LoopCond"),
      { ...constantNode("forever", int32s([], [-1])), input: ["^kMerge"] },
      node("goesOn", "Less", ["forever", "kMerge"]),
      node("endless/LoopCond", "LoopCond", ["goesOn"]),
      node("end", "Cast", ["kExit"], { SrcT: typeAttr("int32"), DstT: typeAttr("float32") }),
      node("y", "Merge", ["split:0", "end"]),
    ],
    { y: ["y:0", "float32"] },
  );
  assert.deepEqual((await run(model, 0)).get("y"), floats([2], [1, 3]));
});

test("a loop that no signature reaches is left alone, and one of unknown operations is refused by their names", async () => {
  const unknown = changed(doubling, node("xTwice", "NoSuchOperation", ["xNow"]));
  const other = { inputs, outputs: { z: ["z:0", "float32"] } } as const;
  const model = modelOf([...unknown, node("z", "Neg", ["x"]), node("stray", "NextIteration", ["stray"])], ends);
  const loaded = await load(savedModelFiles({ ...model, signatures: { ...model.signatures, other } }));
  const refusal = loaded.refusals.get("s");
  assert.equal(refusal?.code, "unsupported-op");
  assert.match(refusal.message, /NoSuchOperation/);
  const given = new Map([
    ["x", floats([1], [2])],
    ["n", int32s([], [1])],
  ]);
  assert.deepEqual((await loaded.run("other", given, [])).get("z"), floats([1], [-2]));
});

test("malformed loops are refused", () => {
  const refused = (reason: RegExp, ...others: readonly NodeDef[]): void => {
    const files = savedModelFiles(modelOf(changed(doubling, ...others), ends));
    assert.throws(() => prepareSavedModel(files), modelError("bad-graph", reason), `${reason}`);
  };
  const elsewhere = keep("elsewhere", "n", "other");
  refused(/has not one condition/, node("loop/LoopCond", "Identity", ["less"]));
  refused(
    /has not one condition/,
    node("second", "LoopCond", ["less"]),
    node("iPlus", "AddV2", ["iNow", "one", "^second"]),
  );
  refused(/takes values of two loops/, elsewhere, node("xTwice", "AddV2", ["xNow", "elsewhere"]));
  refused(/takes values of two loops/, node("xTwice", "AddV2", ["xNow", "x"]));
  refused(/entered from two others/, keep("limit", "xNow", "loop"));
  refused(/waits for itself/, node("less", "Less", ["iNow", "limit"]));
  refused(/does not take a first value and the next ones/, node("xMerge", "Merge", ["xEnter", "xEnter"]));
  refused(/does not take a first value and the next ones/, node("xMerge", "Merge", ["xEnter", "xNext", "xEnter"]));
  refused(/not constant, and no variable/, enter("limit", "n", "loop"));
  refused(/not constant, and no variable/, keep("xEnter", "x", "loop"));
  refused(/does not lead out what a loop ends with/, node("xExit", "Exit", ["xSwitch:1"]));
  refused(/does not lead out what a loop ends with/, node("xExit", "Exit", ["xNow"]));
  refused(/is not there in each turn/, node("xTwice", "AddV2", ["xNow", "xSwitch"]));
  refused(/is not there in each turn/, node("xTwice", "AddV2", ["xNow", "xMerge:1"]));
  refused(/next turn/, node("xTwice", "AddV2", ["xNow", "xNext"]));
  refused(/next turn/, node("xTwice", "AddV2", ["xNow", "xNow", "^iNext"]));
});

test("parts of loops that stand outside of one are refused", () => {
  const refused = (reason: RegExp, nodes: readonly NodeDef[]): void => {
    const files = savedModelFiles(modelOf(nodes, { y: ["y:0", "float32"] }));
    assert.throws(() => prepareSavedModel(files), modelError("bad-graph", reason), `${reason}`);
  };
  for (const op of ["Exit", "NextIteration", "LoopCond"]) {
    refused(/stands outside of loops/, [node("y", op, ["x"])]);
  }
  refused(/has not one condition/, [enter("y", "x", "loop")]);
  refused(/before it ends/, changed(doubling, node("y", "Identity", ["xNow"])));
});

test("a circle without a way back is refused", () => {
  const circle = [node("a", "Merge", ["x", "b"]), node("b", "Neg", ["a"]), node("y", "Identity", ["b"])];
  const way = [...changed(doubling, node("xNext", "Identity", ["xTwice"])), node("y", "Identity", ["xExit"])];
  for (const nodes of [circle, way]) {
    const files = savedModelFiles(modelOf(nodes, { y: ["y:0", "float32"] }));
    assert.throws(
      () => prepareSavedModel(files),
      (error) => modelError("cyclic-graph")(error) || modelError("bad-graph")(error),
    );
  }
});

test("loops that are nested too deep are refused", () => {
  const deep = Array.from({ length: 17 }, (_, depth) =>
    keep(`enter${depth}`, depth === 0 ? "x" : `enter${depth - 1}`, `loop${depth}`),
  );
  const files = savedModelFiles(modelOf(deep, { y: ["enter16:0", "float32"] }));
  assert.throws(() => prepareSavedModel(files), modelError("too-large", /nested more than 16 times/));
});
