import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { AttrValue, FunctionDef, NodeDef, Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { islandsOf } from "../src/plan/plan.ts";
import { runPlan } from "../src/plan/run-plan.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { listAttr } from "./fixtures/kernel.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { type FixtureModel, functionDef, type Port, savedModelFiles } from "./fixtures/saved-model.ts";
import { booleans, floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

after(closeModels);

const func = (name: string): AttrValue => ({ func: { name, attr: new Map() } });
const number = (name: string, value: number): NodeDef => constantNode(name, int32s([], [value]));
const input = (name: string, dtype: "int32" | "float32" | "string" | "bool") =>
  node(name, "Placeholder", [], { dtype: typeAttr(dtype) });

/** Condition: i < limit. Body: i + 1, x * factor, limit, factor. */
const counting: readonly FunctionDef[] = [
  functionDef("goesOn", ["i", "x", "limit", "factor"], { go: "less:z:0" }, [node("less", "Less", ["i", "limit"])]),
  functionDef(
    "step",
    ["i", "x", "limit", "factor"],
    { i: "next:z:0", x: "product:z:0", limit: "limit", factor: "same:output:0" },
    [
      number("one", 1),
      node("next", "AddV2", ["i", "one:output:0"]),
      node("product", "Mul", ["x", "factor"]),
      node("same", "Identity", ["factor"]),
    ],
  ),
];

function countingModel(op: string, changes: Partial<FixtureModel> = {}): FixtureModel {
  return {
    nodes: [
      input("limit", "int32"),
      input("x", "float32"),
      number("zero", 0),
      constantNode("factor", floats([], [2])),
      node("loop", op, ["zero", "x", "limit", "factor"], { cond: func("goesOn"), body: func("step") }),
    ],
    functions: counting,
    signatures: {
      s: {
        inputs: { limit: ["limit:0", "int32"], x: ["x:0", "float32"] },
        outputs: { turns: ["loop:0", "int32"], y: ["loop:1", "float32"], limit: ["loop:2", "int32"] },
      },
    },
    ...changes,
  };
}

const limitAndX = (limit: number): Map<string, Tensor> =>
  new Map([
    ["limit", int32s([], [limit])],
    ["x", floats([2], [1, 3])],
  ]);

for (const op of ["While", "StatelessWhile"]) {
  test(`${op} runs its body as long as its condition holds, and not at all when that is false at first`, async () => {
    const model = await load(savedModelFiles(countingModel(op)));
    const outputs = await model.run("s", limitAndX(5), []);
    assert.deepEqual(outputs.get("turns"), int32s([], [5]));
    assert.deepEqual(outputs.get("y"), floats([2], [32, 96]));
    assert.deepEqual(outputs.get("limit"), int32s([], [5]));
    assert.deepEqual((await model.run("s", limitAndX(0), ["y"])).get("y"), floats([2], [1, 3]));
  });
}

/** Runs the loop with a condition, and counts what the engine is asked for: twice a turn and once more, or once a turn. */
async function countAsked(condition: readonly NodeDef[], result: string, inputs: ReadonlyMap<string, Tensor>) {
  const goesOn = functionDef("goesOn", ["i", "x", "limit", "factor"], { go: result }, condition);
  const functions = [goesOn, ...counting.slice(1)];
  const plan = prepareSavedModel(savedModelFiles(countingModel("While", { functions }))).plans.get("s");
  assert.ok(plan);
  const loop = plan.steps.find((step) => step.kind === "loop");
  const inCondition = new Set(loop && islandsOf(loop.condition));
  let [asked, turns] = [0, 0];
  await runPlan(plan, inputs, ["turns"], async (island, feeds, names) => {
    await Promise.resolve();
    const isCondition = inCondition.has(island);
    asked += isCondition ? 1 : 0;
    turns += isCondition ? 0 : 1;
    const goes = booleans([], [turns < 3 ? 1 : 0]);
    const next = [...feeds.values()].find(({ dtype }) => dtype === "int32");
    return new Map(
      names.map((name) => [name, isCondition ? goes : { ...(next as Tensor), data: Int32Array.of(turns) }]),
    );
  });
  return { asked, turns };
}

const less = node("less", "Less", ["i", "limit"]);
const both = [less, node("other", "Less", ["i", "limit"]), node("both", "LogicalAnd", ["less:z:0", "other:z:0"])];

const two = number("two", 2);

test("the engine is not asked whether one whole number is below another, or two are", async () => {
  const belowTwo = [two, node("less", "Less", ["i", "two:output:0"])];
  assert.deepEqual(await countAsked(belowTwo, "less:z:0", limitAndX(3)), { asked: 0, turns: 2 });
  assert.deepEqual(await countAsked([less], "less:z:0", limitAndX(3)), { asked: 0, turns: 3 });
  assert.deepEqual(await countAsked(both, "both:z:0", limitAndX(3)), { asked: 0, turns: 3 });
  assert.deepEqual(await countAsked([less], "less:z:0", limitAndX(0)), { asked: 0, turns: 0 });
});

test("the engine is asked for any other condition", async () => {
  const others: readonly [NodeDef[], string][] = [
    [[node("less", "LessEqual", ["i", "limit"])], "less:z:0"],
    [[node("less", "Greater", ["limit", "i"])], "less:z:0"],
    [[two, node("less", "Less", ["two:output:0", "two:output:0"])], "less:z:0"],
    [[less, node("either", "LogicalOr", ["less:z:0", "less:z:0"])], "either:z:0"],
  ];
  for (const [condition, result] of others) {
    const { asked, turns } = await countAsked(condition, result, limitAndX(3));
    assert.deepEqual({ asked, turns }, { asked: turns + 1, turns: 3 });
  }
});

test("the engine is asked about what is no single whole number", async () => {
  for (const limit of [int32s([1], [3]), floats([], [3]), int64s([], [3])]) {
    const inputs = new Map([...limitAndX(3), ["limit", limit] as const]);
    assert.equal((await countAsked([less], "less:z:0", inputs)).asked, 4);
  }
});

test("what a loop leaves as it is stays a constant inside", () => {
  const plan = prepareSavedModel(savedModelFiles(countingModel("While"))).plans.get("s");
  const loop = plan?.steps.find((step) => step.kind === "loop");
  assert.ok(loop);
  assert.deepEqual(loop.body.inputs, ["argument_0", "argument_1", "argument_2"]);
});

test("a run that takes too long, or holds too much, is ended", async () => {
  const plan = prepareSavedModel(savedModelFiles(countingModel("While"))).plans.get("s");
  assert.ok(plan);
  const forever = async (_: unknown, __: unknown, names: readonly string[]) => {
    await Promise.resolve();
    return new Map(names.map((name) => [name, int32s([1], [1])]));
  };
  const run = (milliseconds: number, bytes: number) =>
    runPlan(plan, limitAndX(1), ["y"], forever, { milliseconds, bytes });
  await assert.rejects(run(20, 2 ** 20), servingError("RESOURCE_EXHAUSTED", /takes too long/));
  await assert.rejects(run(10_000, 3), servingError("RESOURCE_EXHAUSTED", /too much memory/));
});

test("a loop gives back what one turn has taken", async () => {
  const plan = prepareSavedModel(savedModelFiles(countingModel("While"))).plans.get("s");
  assert.ok(plan);
  let turns = 0;
  const island = async (_: unknown, __: unknown, names: readonly string[]) => {
    turns++;
    await Promise.resolve();
    return new Map(names.map((name) => [name, int32s([1], [1])].slice() as [string, Tensor]));
  };
  const counted = (...args: Parameters<typeof island>) =>
    turns > 400 ? Promise.resolve(new Map(args[2].map((name) => [name, int32s([0], [])]))) : island(...args);
  await runPlan(plan, limitAndX(1), ["y"], counted, { milliseconds: 10_000, bytes: 64 });
  assert.ok(turns > 400);
});

/** A choice between x + 1 and x * 10, by `op` and its attributes. */
function choosingModel(op: string, attributes: Readonly<Record<string, AttrValue>>, choice: Port): FixtureModel {
  const body = (name: string, operation: string, value: number) =>
    functionDef(name, ["x"], { y: "y:z:0" }, [
      constantNode("value", floats([], [value])),
      node("y", operation, ["x", "value:output:0"]),
    ]);
  return {
    nodes: [input("x", "float32"), input("choice", choice[1] as "bool"), node("y", op, ["choice", "x"], attributes)],
    functions: [body("increase", "AddV2", 1), body("stretch", "Mul", 10)],
    signatures: {
      s: { inputs: { x: ["x:0", "float32"], choice }, outputs: { y: ["y:0", "float32"] } },
    },
  };
}

const choose = async (model: FixtureModel, choice: Tensor): Promise<unknown> => {
  const inputs = new Map([
    ["x", floats([2], [1, 2])],
    ["choice", choice],
  ]);
  return [...((await (await load(savedModelFiles(model))).run("s", inputs, [])).get("y")?.data ?? [])];
};

test("If takes its first function for true, for numbers but 0, for texts and for tensors with elements", async () => {
  const branches = { then_branch: func("increase"), else_branch: func("stretch") };
  for (const op of ["If", "StatelessIf"]) {
    const byTruth = choosingModel(op, branches, ["choice:0", "bool"]);
    assert.deepEqual(await choose(byTruth, booleans([], [1])), [2, 3]);
    assert.deepEqual(await choose(byTruth, booleans([], [0])), [10, 20]);
    assert.deepEqual(await choose(byTruth, booleans([1], [0])), [2, 3]);
  }
  const byNumber = choosingModel("If", branches, ["choice:0", "int32"]);
  assert.deepEqual(await choose(byNumber, int32s([], [-1])), [2, 3]);
  assert.deepEqual(await choose(byNumber, int32s([], [0])), [10, 20]);
  assert.deepEqual(await choose(byNumber, int32s([0], [])), [10, 20]);
  const byText = choosingModel("If", branches, ["choice:0", "string"]);
  assert.deepEqual(await choose(byText, { ...texts(["false"]), shape: [] }), [2, 3]);
  assert.deepEqual(await choose(byText, { ...texts([""]), shape: [] }), [10, 20]);
});

test("Case takes the function at an index, and the last one for any other", async () => {
  const functions = [func("increase"), func("stretch")].flatMap((value) => value.func ?? []);
  const model = choosingModel("Case", { branches: listAttr({ func: functions }) }, ["choice:0", "int32"]);
  assert.deepEqual(await choose(model, int32s([], [0])), [2, 3]);
  assert.deepEqual(await choose(model, int32s([], [1])), [10, 20]);
  assert.deepEqual(await choose(model, int32s([], [2])), [10, 20]);
  assert.deepEqual(await choose(model, int32s([], [-1])), [10, 20]);
  await assert.rejects(
    choose(model, int32s([1], [0])),
    servingError("INVALID_ARGUMENT", /branch_index must be a scalar/),
  );
});

test("a check in a function that is not taken does not fail, and one in the function taken does", async () => {
  const checked = functionDef("checked", ["ok"], { ok: "ok" }, [node("check", "Assert", ["ok"])], ["check"]);
  const unchecked = functionDef("unchecked", ["ok"], { ok: "ok" }, []);
  const model = await load(
    savedModelFiles({
      nodes: [
        input("choice", "bool"),
        input("ok", "bool"),
        node("chosen", "If", ["choice", "ok"], { then_branch: func("checked"), else_branch: func("unchecked") }),
        node("y", "Identity", ["ok", "^chosen"]),
      ],
      functions: [checked, unchecked],
      signatures: {
        s: {
          inputs: { choice: ["choice:0", "bool"], ok: ["ok:0", "bool"] },
          outputs: { y: ["y:0", "bool"] },
        },
      },
    }),
  );
  const run = (choice: number, ok: number) =>
    model.run(
      "s",
      new Map([
        ["choice", booleans([], [choice])],
        ["ok", booleans([], [ok])],
      ]),
      [],
    );
  assert.deepEqual((await run(0, 0)).get("y"), booleans([], [0]));
  assert.deepEqual((await run(1, 1)).get("y"), booleans([], [1]));
  await assert.rejects(run(1, 0), servingError("INVALID_ARGUMENT", /assertion/));
});

test("functions that are missing, do not fit, or run themselves are refused", () => {
  const refused = (changes: Partial<FixtureModel>) => () =>
    prepareSavedModel(savedModelFiles(countingModel("While", changes)));
  const [goesOn, step] = counting as [FunctionDef, FunctionDef];
  assert.throws(refused({ functions: [goesOn] }), modelError("bad-graph", /calls a function that is not there/));
  const tooFew = functionDef("step", ["i", "x", "limit", "factor"], { i: "i" }, []);
  assert.throws(refused({ functions: [goesOn, tooFew] }), modelError("bad-graph", /do not fit its inputs/));
  const otherType = functionDef(
    "step",
    ["i", "x", "limit", "factor"],
    { i: "x", x: "x", limit: "limit", factor: "factor" },
    [],
  );
  assert.throws(refused({ functions: [goesOn, otherType] }), modelError("bad-graph", /do not fit its inputs/));
  const itself = functionDef(
    "step",
    ["i", "x", "limit", "factor"],
    { i: "again:output:0", x: "x", limit: "limit", factor: "factor" },
    [node("again", "While", ["i", "x", "limit", "factor"], { cond: func("goesOn"), body: func("step") })],
  );
  assert.throws(refused({ functions: [goesOn, itself] }), modelError("too-large", /control flow of the graph/));
  assert.ok(step);
});
