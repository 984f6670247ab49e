import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import type { OnnxGraph, Value } from "../src/importer/onnx-graph.ts";
import { bringIntoForm } from "../src/importer/weights/bring-into-form.ts";
import { AS_STORED } from "../src/importer/weights/weight-form.ts";
import { WeightPlaces } from "../src/importer/weights/weight-places.ts";
import { floatAttribute, intAttribute, intsAttribute } from "../src/onnx/attribute.ts";
import { modelError } from "./fixtures/errors.ts";
import { type BuildOnWeights, compareFolded, makeShard } from "./fixtures/folded-graph.ts";
import { doubles, floats } from "./fixtures/tensors.ts";

const CHANNELS = 3;
const FILTERS = 4;
const image = floats([2, CHANNELS, 6, 5]);
/** In TensorFlow's order: height, width, from, to. */
const filter = floats([3, 2, CHANNELS, FILTERS]);
const statistics = [
  floats([FILTERS], [1.5, -0.5, 0, 2]),
  floats([FILTERS]),
  floats([FILTERS]),
  floats([FILTERS], [1, 0.5, 2, 4]),
];
const EPSILON = floatAttribute("epsilon", 1e-3);

function turn(graph: OnnxGraph, value: Value, order: readonly number[] = [3, 2, 0, 1]): Value {
  return graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", order)]);
}

function convolve(graph: OnnxGraph, input: Value, weights: Value, groups = 1): Value {
  const attributes = groups === 1 ? [] : [intAttribute("group", groups)];
  return graph.apply("Conv", [input, weights], "float32", attributes);
}

function normalise(graph: OnnxGraph, value: Value, by: readonly (Value | undefined)[]): Value {
  return graph.apply("BatchNormalization", [value, ...by], "float32", [EPSILON]);
}

const layer: BuildOnWeights = (graph, [input], [weights, ...by]) => [
  normalise(graph, convolve(graph, input as Value, turn(graph, weights as Value)), by),
];

describe("what is done to weights alone is done before the engine gets them", () => {
  test("filters are turned and scaled in their own place", async () => {
    const { counts, furtherBytes } = await compareFolded(layer, [image], [filter, ...statistics]);
    assert.deepEqual([counts, furtherBytes], [{ Conv: 1 }, 0]);
  });

  test("so they are where a shard keeps floats at odd bytes", async () => {
    const { counts } = await compareFolded(layer, [image], [filter, ...statistics], 3);
    assert.deepEqual(counts, { Conv: 1 });
  });

  test("depth-wise filters, which are grouped too", async () => {
    const build: BuildOnWeights = (graph, [input], [weights, ...by]) => {
      const grouped = [graph.integers([CHANNELS * 2, 1, 3, 2])];
      const turned = graph.apply("Reshape", [turn(graph, weights as Value, [2, 3, 0, 1]), ...grouped], "float32");
      return [normalise(graph, convolve(graph, input as Value, turned, CHANNELS), by)];
    };
    const by = statistics.map(({ data }) => floats([6], [...(data as Float32Array), 0.5, 3]));
    const { counts, furtherBytes } = await compareFolded(build, [image], [floats([3, 2, CHANNELS, 2]), ...by]);
    assert.deepEqual([counts, furtherBytes], [{ Conv: 1 }, 0]);
  });

  test("grouped filters in the engine's own order", async () => {
    const build: BuildOnWeights = (graph, [input], [weights, ...by]) => [
      normalise(graph, convolve(graph, input as Value, weights as Value, 2), by),
    ];
    const stored = [floats([FILTERS, 2, 3, 2]), ...statistics];
    const { counts } = await compareFolded(build, [floats([1, 4, 5, 5])], stored);
    assert.deepEqual(counts, { Conv: 1 });
  });

  test("constants of the graph itself", async () => {
    const build: BuildOnWeights = (graph, [input]) => {
      const by = statistics.map((tensor) => graph.constant(tensor));
      return [normalise(graph, convolve(graph, input as Value, turn(graph, graph.constant(filter))), by)];
    };
    assert.deepEqual((await compareFolded(build, [image], [])).counts, { Conv: 1 });
  });

  test("one filter that is taken in several forms has a place for each", async () => {
    const build: BuildOnWeights = (graph, [input], [weights, ...by]) => {
      const turned = turn(graph, weights as Value);
      const other = [by[3], by[1], by[2], by[0]].map((value) => value as Value);
      const [first, second] = [by, [other[0], other[1], other[2], by[3]]].map((each) =>
        normalise(graph, convolve(graph, input as Value, turned), each),
      );
      return [first as Value, second as Value, convolve(graph, input as Value, turned), weights as Value];
    };
    const { counts, furtherBytes } = await compareFolded(build, [image], [filter, ...statistics]);
    // One batch normalisation has its filter, the other one is left with the filter as it was turned.
    assert.deepEqual(counts, { Conv: 3, BatchNormalization: 1 });
    assert.equal(furtherBytes, 2 * (filter.data as Float32Array).byteLength);
  });
});

describe("what is not known to be the same is left to the engine", () => {
  const kept: readonly [string, BuildOnWeights, (readonly Tensor[])?][] = [
    [
      "a convolution that something else takes too",
      (graph, [input], [weights, ...by]) => {
        const convolved = convolve(graph, input as Value, turn(graph, weights as Value));
        return [graph.apply("Add", [normalise(graph, convolved, by), convolved], "float32")];
      },
    ],
    [
      "a convolution that is an output",
      (graph, [input], [weights, ...by]) => {
        const convolved = convolve(graph, input as Value, turn(graph, weights as Value));
        return [normalise(graph, convolved, by), convolved];
      },
    ],
    [
      "a filter that is computed",
      (graph, [input], [weights, ...by]) => {
        const factor = graph.apply("ReduceMean", [input as Value], "float32", [intAttribute("keepdims", 0)]);
        const computed = graph.apply("Mul", [turn(graph, weights as Value), factor], "float32");
        return [normalise(graph, convolve(graph, input as Value, computed), by)];
      },
    ],
    [
      "statistics that are computed",
      (graph, [input], [weights, ...by]) => {
        const mean = graph.apply("ReduceMean", [input as Value], "float32", [intAttribute("keepdims", 0)]);
        const offset = graph.apply("Mul", [by[1] as Value, mean], "float32");
        const convolved = convolve(graph, input as Value, turn(graph, weights as Value));
        return [normalise(graph, convolved, [by[0], offset, by[2], by[3]])];
      },
    ],
    ["a scale that is no number", layer, withStatistic(0, [1, Number.NaN, 1, 1])],
    ["a variance below zero", layer, withStatistic(3, [1, 1, -1, 1])],
    ["a scale that is not finite", layer, withStatistic(0, [1, Number.POSITIVE_INFINITY, 1, 1])],
  ];
  for (const [name, build, stored = [filter, ...statistics]] of kept) {
    test(name, async () => {
      const { counts } = await compareFolded(build, [image], stored);
      assert.equal(counts["BatchNormalization"], 1);
    });
  }

  test("normalisation behind what is no convolution, and an addition between", async () => {
    const build: BuildOnWeights = (graph, [input], [weights, ...by]) => {
      const convolved = convolve(graph, input as Value, turn(graph, weights as Value));
      return [normalise(graph, graph.apply("Relu", [convolved], "float32"), by)];
    };
    const { counts } = await compareFolded(build, [image], [filter, ...statistics]);
    assert.deepEqual(counts, { Conv: 1, Relu: 1, BatchNormalization: 1 });
  });

  test("tensors of other types, and large ones", () => {
    const places = new WeightPlaces();
    const [tensor] = makeShard([doubles([2, 2], [1, 2, 3, 4])]);
    const order = { sizes: [2, 2], axes: [1, 0] };
    assert.ok(tensor !== undefined && !places.admits(tensor, { order }));
    const large = { ...tensor, dtype: "float32", bytes: new Uint8Array(2 ** 26 + 4) } as const;
    assert.ok(!places.admits(large, { order }));
    assert.ok(!places.takeConstant(2 ** 29 + 1));
    assert.ok(places.takeConstant(2 ** 29) && !places.takeConstant(1));
  });
});

test("tensors that overlap are refused where they would be brought into form twice", () => {
  const places = new WeightPlaces();
  const [tensor] = makeShard([floats([2, 2])]);
  assert.ok(tensor !== undefined);
  const form = { order: { sizes: [2, 2], axes: [1, 0] } };
  for (const each of [tensor, { ...tensor }]) {
    assert.ok(places.admits(each, form));
    places.place(each, form);
  }
  assert.throws(() => places.arrange(), modelError("bad-checkpoint", /overlap/));
});

test("a tensor that is taken as it is stored keeps its bytes", () => {
  const places = new WeightPlaces();
  const [tensor] = makeShard([floats([2, 3])]);
  assert.ok(tensor !== undefined);
  const before = tensor.bytes.slice();
  assert.deepEqual(places.place(tensor, AS_STORED), { file: tensor.file, offset: 0, length: 24 });
  assert.equal(places.arrange().length, 0);
  assert.deepEqual(tensor.bytes, before);
});

test("any order of axes gives what its definition says", () => {
  const axes = fc.uniqueArray(fc.nat(4), { minLength: 5, maxLength: 5 });
  const sizes = fc.tuple(...[1, 2, 3, 4, 5].map(() => fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 }))));
  const property = fc.property(axes, sizes, fc.integer({ min: 1, max: 5 }), (order, given, rank) => {
    const kept = order.filter((axis) => axis < rank);
    const lengths = given.slice(0, rank).map((size) => Math.min(size, rank > 3 ? 6 : 40));
    expectPermuted(lengths, kept);
  });
  fc.assert(property, { numRuns: 300, seed: 1 });
});

function expectPermuted(sizes: readonly number[], axes: readonly number[]): void {
  const count = sizes.reduce((all, size) => all * size, 1);
  const source = Float32Array.from({ length: count }, (_, index) => index);
  const target = new Float32Array(count);
  const turned = axes.map((axis) => sizes[axis] as number);
  const factors = Float64Array.from({ length: turned[0] ?? 1 }, (_, part) => part - 1);
  bringIntoForm(source, target, { order: { sizes, axes }, factors });
  const expected = Float32Array.from({ length: count }, (_, index) => {
    const place = placeOf(index, turned);
    const from = sizes.map((_size, axis) => place[axes.indexOf(axis)] as number);
    const number = from.reduce((all, position, axis) => all * (sizes[axis] as number) + position, 0);
    return number * ((place[0] ?? 0) - 1);
  });
  assert.deepEqual(target, expected, JSON.stringify({ sizes, axes }));
}

/** Position along each axis of the element with a number. */
function placeOf(index: number, sizes: readonly number[]): number[] {
  let left = index;
  const fromLast = sizes.toReversed().map((size) => {
    const position = left % size;
    left = Math.floor(left / size);
    return position;
  });
  return fromLast.toReversed();
}

function withStatistic(position: number, values: readonly number[]): Tensor[] {
  return [filter, ...statistics.map((tensor, at) => (at === position ? floats([FILTERS], values) : tensor))];
}
