import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import type { KernelStep, Plan } from "../src/plan/plan.ts";
import { runPlan } from "../src/plan/run-plan.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { floats } from "./fixtures/tensors.ts";

const doubled = ({ data, ...rest }: Tensor): Tensor => ({ ...rest, data: (data as Float32Array).map((x) => 2 * x) });

function double(from: string, to: string): KernelStep {
  const kernel = { outputs: ["float32"], run: ([tensor]: readonly Tensor[]) => [doubled(tensor as Tensor)] } as const;
  return { kind: "kernel", op: "Double", kernel, inputs: [from], outputs: [to], guards: [] };
}

const port = (name: string, position = 0) => ({ name, dtype: "float32", position }) as const;

function planOf(changes: Partial<Plan<string>>): Plan<string> {
  return {
    inputs: new Map([["x", port("a")]]),
    outputs: new Map([["y", port("b")]]),
    constants: new Map(),
    steps: [double("a", "b")],
    ...changes,
  };
}

const noIsland = () => Promise.reject(new Error("no step is the engine's"));
const one = new Map([["x", floats([1], [1])]]);

test("each call gets the outputs that it asks for, also when another call wanted others", async () => {
  const outputs = new Map([
    ["y", port("b")],
    ["z", port("c", 1)],
  ]);
  const plan = planOf({ outputs, steps: [double("a", "b"), double("b", "c")] });
  for (const names of [["y"], ["z"], ["z", "y"], ["y", "z"], ["y"]]) {
    const results = await runPlan(plan, one, names, noIsland);
    const expected = names.map((name) => [name, floats([1], [name === "y" ? 2 : 4])] as const);
    assert.deepEqual([...results], expected);
  }
});

test("outputs whose names hold a comma are not taken for several", async () => {
  const outputs = new Map([
    ["y", port("b")],
    ["z", port("c", 1)],
    ["y,z", port("d", 2)],
  ]);
  const plan = planOf({ outputs, steps: [double("a", "b"), double("b", "c"), double("c", "d")] });
  for (const names of [["y", "z"], ["y,z"], ["y", "z"]]) {
    const results = await runPlan(plan, one, names, noIsland);
    assert.deepEqual([...results.keys()], names);
    assert.deepEqual(results.get("y,z")?.data[0], names.length === 1 ? 8 : undefined);
  }
});

test("no step of the engine begins once the time is over", async () => {
  const steps = Array.from({ length: 4 }, (_, index) => ({
    kind: "island" as const,
    island: "",
    inputs: [index === 0 ? "a" : `s${index - 1}`],
    outputs: [`s${index}`],
    guards: [],
  }));
  const plan = planOf({ steps, outputs: new Map([["y", port("s3")]]) });
  let begun = 0;
  const slow = async (_: string, __: unknown, names: readonly string[]) => {
    begun++;
    await new Promise((resolve) => void setTimeout(resolve, begun === 2 ? 60 : 0));
    return new Map(names.map((name) => [name, floats([1], [1])]));
  };
  const limits = { milliseconds: 50, bytes: 2 ** 20 };
  await assert.rejects(runPlan(plan, one, ["y"], slow, limits), servingError("RESOURCE_EXHAUSTED", /too long/));
  assert.ok(begun <= 2);
});

test("of two inputs that mean one value the later one counts, and an input counts more than a constant", async () => {
  const inputs = new Map([
    ["x", port("a")],
    ["again", port("a", 1)],
  ]);
  const plan = planOf({ inputs, constants: new Map([["a", floats([1], [7])]]) });
  const given = new Map([...one, ["again", floats([1], [5])] as const]);
  assert.deepEqual((await runPlan(plan, given, ["y"], noIsland)).get("y"), floats([1], [10]));
});

test("one run leaves nothing behind for the next", async () => {
  const plan = planOf({ outputs: new Map([["y", port("b")]]) });
  for (const value of [1, 2]) {
    const results = await runPlan(plan, new Map([["x", floats([1], [value])]]), ["y"], noIsland);
    assert.deepEqual(results.get("y"), floats([1], [2 * value]));
  }
});

test("a value that no step has computed is named", async () => {
  const lacking = planOf({ steps: [double("nowhere", "b")] });
  await assert.rejects(runPlan(lacking, one, ["y"], noIsland), modelError("engine-failed", /lacks "nowhere"/));
  const island = { kind: "island", island: "", inputs: ["a"], outputs: ["b"], guards: [] } as const;
  const silent = () => Promise.resolve(new Map<string, Tensor>());
  await assert.rejects(
    runPlan(planOf({ steps: [island] }), one, ["y"], silent),
    modelError("engine-failed", /lacks "b"/),
  );
});

test("steps without a loop are ended too when the time is over, within eight of them", async () => {
  let now = 0;
  const step = (index: number): KernelStep => {
    const plain = double(index === 0 ? "a" : `s${index - 1}`, `s${index}`);
    const run = (inputs: readonly Tensor[]) => {
      now = index;
      const until = performance.now() + (index === 8 ? 30 : 0);
      while (performance.now() < until) {
        // Busy, as a kernel is.
      }
      return plain.kernel.run(inputs);
    };
    return { ...plain, kernel: { ...plain.kernel, run } };
  };
  const steps = Array.from({ length: 40 }, (_, index) => step(index));
  const plan = planOf({ steps, outputs: new Map([["y", port("s39")]]) });
  const limits = { milliseconds: 20, bytes: 2 ** 20 };
  await assert.rejects(runPlan(plan, one, ["y"], noIsland, limits), servingError("RESOURCE_EXHAUSTED", /too long/));
  assert.ok(now <= 16);
});
