// Tensors without elements, whose other axes a request can make as large as it likes.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { OutputBudget } from "../src/interpreter/output-budget.ts";
import { servingError } from "./fixtures/errors.ts";
import { runKernel } from "./fixtures/kernel.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { floats, int32s, int64s } from "./fixtures/tensors.ts";

after(closeModels);

const tooLarge = servingError("RESOURCE_EXHAUSTED", /too large/);
const empty = (shape: readonly number[]): Tensor => floats(shape, []);

test("a tensor without elements that a model makes is not gone through along axes of any size", async () => {
  const files = savedModelFiles({
    nodes: [
      node("sizes", "Placeholder", [], { dtype: typeAttr("int64") }),
      node("axis", "Placeholder", [], { dtype: typeAttr("int32") }),
      constantNode("zero", floats([])),
      node("x", "Fill", ["sizes", "zero"], { T: typeAttr("float32"), index_type: typeAttr("int64") }),
      node("y", "ConcatV2", ["x", "x", "axis"], { T: typeAttr("float32"), N: { i: 2n } }),
    ],
    signatures: {
      s: { inputs: { sizes: ["sizes:0", "int64"], axis: ["axis:0", "int32"] }, outputs: { y: ["y:0", "float32"] } },
    },
  });
  const model = await load(files);
  const run = async (sizes: readonly number[]) => {
    const inputs = { sizes: int64s([sizes.length], sizes), axis: int32s([], [1]) };
    return (await model.run("s", new Map(Object.entries(inputs)), [])).get("y");
  };
  assert.deepEqual(await run([4, 0]), empty([4, 0]));
  assert.deepEqual(await run([0, 4096]), empty([0, 8192]));
  await assert.rejects(run([2 ** 40, 0]), tooLarge);
  await assert.rejects(run([0, 2 ** 26 + 1]), tooLarge);
});

test("crops, spans and lists of boxes without pixels or scores are counted", () => {
  const crop = (size: readonly number[]) =>
    runKernel("CropAndResize", [
      empty([1, 2, 2, 0]),
      floats([1, 4], [0, 0, 1, 1]),
      int32s([1], [0]),
      int32s([2], size),
    ]);
  assert.deepEqual(crop([3, 2]), [empty([1, 3, 2, 0])]);
  assert.throws(() => crop([2 ** 28, 1]), tooLarge);
  const resize = (size: readonly number[]) => runKernel("ResizeArea", [empty([0, 1, 1, 1]), int32s([2], size)]);
  assert.deepEqual(resize([2, 3]), [empty([0, 2, 3, 1])]);
  assert.throws(() => resize([2 ** 23, 1]), tooLarge);
  const best = (kinds: number) =>
    runKernel("CombinedNonMaxSuppression", [
      empty([1, 0, 1, 4]),
      empty([1, 0, kinds]),
      ...[1, 1].map((most) => int32s([], [most])),
      ...[0.5, 0].map((bound) => floats([], [bound])),
    ]);
  assert.deepEqual(best(3).at(-1), int32s([1], [0]));
  assert.throws(() => best(2 ** 25), tooLarge);
});

test("what has become no number is more than a budget has", () => {
  for (const bytes of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
    assert.throws(() => new OutputBudget().takeBytes(bytes), tooLarge);
  }
});
