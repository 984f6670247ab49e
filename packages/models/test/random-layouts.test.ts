// Random networks on images: whatever the layers and their order, arranging the images changes no output.
import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { Value } from "../src/importer/onnx-graph.ts";
import { intAttribute, intsAttribute, textAttribute } from "../src/onnx/attribute.ts";
import { ChannelsLast } from "./fixtures/channels-last.ts";
import { type BuildGraph, compareArranged } from "./fixtures/graph-pair.ts";
import { floats } from "./fixtures/tensors.ts";

const CHANNELS = 3;
const SAME = textAttribute("auto_pad", "SAME_UPPER");

/** Layers that leave images of {@link CHANNELS} channels, of one value and, some, of one before it. */
const layers: readonly ((on: ChannelsLast, value: Value, earlier: Value) => Value)[] = [
  (on, value) => on.convolve(value, [CHANNELS, CHANNELS, 3], [SAME]),
  (on, value) => on.convolve(on.pad(value, [0, 1, 1, 0, 0, 1, 1, 0]), [CHANNELS, CHANNELS, 3]),
  (on, value) => on.pool("MaxPool", on.pad(value, [0, 1, 1, 0, 0, 1, 1, 0]), 3),
  (on, value) => on.pool("AveragePool", value, 3, [SAME]),
  (on, value) => on.apply("Relu", [value]),
  (on, value) => on.apply("Tanh", [value]),
  (on, value) => on.apply("Add", [value, on.graph.constant(floats([CHANNELS]))]),
  (on, value) => on.apply("Mul", [on.graph.constant(floats([1, 1, CHANNELS])), value]),
  (on, value) => on.apply("Sub", [value, on.apply("ReduceMean", [value, on.graph.integers([1, 2])])]),
  (on, value) => on.apply("Sub", [value, on.apply("ReduceMax", [value, on.graph.integers([-1])])]),
  (on, value) => on.apply("Softmax", [value]),
  (on, value) => on.apply("Transpose", [value], [intsAttribute("perm", [0, 2, 1, 3])]),
  (on, value, earlier) => on.apply("Max", [value, earlier]),
  (on, value, earlier) => on.apply("Add", [on.apply("Sigmoid", [value]), earlier]),
  (on, value, earlier) => {
    const joined = on.apply("Concat", [value, earlier], [intAttribute("axis", 3)]);
    return on.apply("Slice", [joined, ...[[1], [4], [-1]].map((bounds) => on.graph.integers(bounds))]);
  },
  (on, value) => {
    const attributes = [intAttribute("axis", -1)];
    const parts = on.graph.applyToSeveral(
      "Split",
      [value, on.graph.integers([1, 2])],
      ["float32", "float32"],
      attributes,
    );
    return on.apply("Concat", parts.toReversed(), attributes);
  },
];

/** The layers at some places of the list above, each on the value before and an earlier one. */
function network(steps: readonly (readonly [layer: number, back: number])[]): BuildGraph {
  return (graph, input) => {
    const on = new ChannelsLast(graph);
    const values = [input as Value];
    for (const [layer, back] of steps) {
      const [value, earlier] = [values.at(-1) as Value, values.at(-1 - (back % values.length)) as Value];
      values.push(layers[layer]?.(on, value, earlier) as Value);
    }
    return lastAndMiddle(values);
  };
}

/** The last value, and one from the middle. */
function lastAndMiddle(values: readonly Value[]): Value[] {
  return [values.at(-1) as Value, values[values.length >> 1] as Value];
}

test("random networks give the same with their images arranged", async () => {
  const step = fc.tuple(fc.nat(layers.length - 1), fc.nat(4));
  const transpositions = { before: 0, after: 0 };
  const property = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), async (steps) => {
    const { counts, plainCounts } = await compareArranged(network(steps), floats([2, 5, 5, CHANNELS]));
    transpositions.before += plainCounts["Transpose"] ?? 0;
    transpositions.after += counts["Transpose"] ?? 0;
  });
  await fc.assert(property, { numRuns: 60, seed: 1 });
  assert.ok(transpositions.after < transpositions.before, JSON.stringify(transpositions));
});
