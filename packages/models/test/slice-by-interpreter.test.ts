// Slices that the interpreter takes are those that the engine takes.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { FillBudget, type Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { findSlice } from "../src/interpreter/dense/strided-slice.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { NodeOperation } from "../src/saved-model/node-operation.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { expectSame, outcome } from "./fixtures/outcome.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, int32s, int64s, texts } from "./fixtures/tensors.ts";

after(closeModels);

const int64 = typeAttr("int64");
const bound = fc.integer({ min: -5, max: 5 });
/** Ranges backwards begin at an end that is there: those that begin before the axis are nothing, but for the engine. */
const entry = fc.oneof(
  fc.record({ begin: bound, end: bound, stride: fc.constantFrom(1, 2, 3) }),
  fc.record({ begin: fc.integer({ min: 0, max: 5 }), end: bound, stride: fc.constantFrom(-1, -2) }),
);
const slices = fc.sample(
  fc.record({
    entries: fc.array(entry, { minLength: 1, maxLength: 2 }),
    begin_mask: fc.nat(3),
    end_mask: fc.nat(3),
    shrink_axis_mask: fc.nat(3),
  }),
  { numRuns: 80, seed: 1 },
);
const masks = ["begin_mask", "end_mask", "shrink_axis_mask"] as const;

function boundsOf({ entries }: (typeof slices)[number]): Tensor[] {
  return (["begin", "end", "stride"] as const).map((name) =>
    int32s(
      [entries.length],
      entries.map((each) => each[name]),
    ),
  );
}

function attributesOf(slice: (typeof slices)[number]) {
  const flags = masks.map((mask) => [mask, { i: BigInt(slice[mask]) }] as const);
  return { T: int64, Index: typeAttr("int32"), ...Object.fromEntries(flags) };
}

test("any slice by constant bounds is the engine's", async () => {
  const nodes = slices.flatMap((slice, index) => {
    const names = boundsOf(slice).map((_, place) => `bound_${index}_${place}`);
    return [
      ...boundsOf(slice).map((tensor, place) => constantNode(names[place] ?? "", tensor)),
      node(`slice_${index}`, "StridedSlice", ["x", ...names], attributesOf(slice)),
    ];
  });
  const signatures = Object.fromEntries(
    slices.map((_, index) => [
      `s${index}`,
      { inputs: { x: ["x:0", "int64"] as const }, outputs: { y: [`slice_${index}:0`, "int64"] as const } },
    ]),
  );
  const model = await load(
    savedModelFiles({ nodes: [node("x", "Placeholder", [], { dtype: int64 }), ...nodes], signatures }),
  );
  for (const shape of [[3, 4], [1, 2], [0, 3], [4]]) {
    const x = int64s(shape, [...Array(shape.reduce((product, size) => product * size, 1)).keys()]);
    for (const [index, slice] of slices.entries()) {
      const attributes: Readonly<Record<string, unknown>> = attributesOf(slice);
      const flat = {
        name: "n",
        op: "StridedSlice",
        inputs: [],
        controls: [],
        attribute: (name: string) => attributes[name] as never,
      };
      const inputs = [{ dtype: x.dtype }, ...boundsOf(slice).map((constant) => ({ dtype: constant.dtype, constant }))];
      const operation = new NodeOperation(flat, inputs, "s", new FillBudget());
      const kernel = findSlice(operation)?.(operation) ?? assert.fail();
      const taken = await outcome(Promise.resolve().then(() => new Map([["y", kernel.run([x])[0] as Tensor]])));
      expectSame(taken, await outcome(model.run(`s${index}`, feed(x), [])));
    }
  }
});

test("what the interpreter has is sliced by it, and what is fed by the engine", async () => {
  const bounds = [[0], [1], [1]].map((values, place) => constantNode(`bound_${place}`, int32s([1], values)));
  const attributes = { T: int64, Index: typeAttr("int32"), shrink_axis_mask: { i: 1n } };
  const files = () =>
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], { dtype: typeAttr("string") }),
        constantNode("separator", { ...texts([" "]), shape: [] }),
        node("split", "StringSplitV2", ["x", "separator"]),
        ...bounds,
        node("rows", "StridedSlice", ["split:2", "bound_0", "bound_1", "bound_2"], attributes),
      ],
      signatures: { s: { inputs: { x: ["x:0", "string"] }, outputs: { y: ["rows:0", "int64"] } } },
    });
  const steps = prepareSavedModel(files()).plans.get("s")?.steps ?? [];
  assert.deepEqual(
    steps.map((step) => (step.kind === "kernel" ? step.op : step.kind)),
    ["StringSplitV2", "StridedSlice"],
  );
  const model = await load(files(), { threads: 1 });
  assert.deepEqual((await model.run("s", feed(texts(["a b", "c"])), [])).get("y"), int64s([], [2]));
});
