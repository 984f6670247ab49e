import assert from "node:assert/strict";
import { after, test } from "node:test";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { shapesAttr } from "./fixtures/kernel.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { integersAttr, textAttr } from "./fixtures/operation-case.ts";
import { type FixtureModel, savedModelFiles } from "./fixtures/saved-model.ts";
import { floats } from "./fixtures/tensors.ts";

after(closeModels);

const attributes = { strides: integersAttr([1, 1, 1, 1]), padding: textAttr("SAME") };
const image = floats([1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);

/** A convolution with a filter of one pixel, from two channels to four, of images that are said to be of some shape. */
function convolving(shape: readonly number[] | undefined, first = "said"): FixtureModel {
  return {
    nodes: [
      node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
      node("said", "Identity", ["x"], { _output_shapes: shapesAttr([shape]) }),
      constantNode("filter", floats([1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8])),
      constantNode("known", image),
      constantNode("odd", floats([1, 1, 1, 3])),
      constantNode("six", floats([1, 1, 1, 6])),
      node("y", "Conv2D", [first, "filter"], attributes),
    ],
    signatures: { s: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } },
  };
}

const run = async (model: FixtureModel) =>
  (await (await load(savedModelFiles(model))).run("s", new Map([["x", image]]), [])).get("y");

test("images of several times the channels that a filter takes are taken in parts", async () => {
  const expected = floats([1, 1, 2, 4], [11, 14, 37, 44, 35, 46, 77, 92]);
  assert.deepEqual(await run(convolving([-1, -1, -1, 4])), expected);
  assert.deepEqual(await run(convolving(undefined, "known")), expected);
});

test("where nothing is said of the channels there is one part, and other images fail the run", async () => {
  for (const shape of [undefined, [-1, -1, -1, -1], [-1, -1, -1, 3]]) {
    await assert.rejects(run(convolving(shape)), servingError("INVALID_ARGUMENT", /Conv failed/));
  }
});

test("channels that are known and no several times of the filter's, or of its parts, are refused when the model is loaded", () => {
  for (const [first, channels] of [
    ["odd", 3],
    ["six", 6],
  ] as const) {
    assert.throws(
      () => prepareSavedModel(savedModelFiles(convolving(undefined, first))),
      modelError("unsupported-op", new RegExp(`takes 2 channels and gives 4, and its images have ${channels}`)),
    );
  }
});
