import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { OnnxGraph, Value } from "../src/importer/onnx-graph.ts";
import { intAttribute, intsAttribute, textAttribute } from "../src/onnx/attribute.ts";
import { ChannelsLast } from "./fixtures/channels-last.ts";
import { type BuildGraph, compareArranged, runArranged } from "./fixtures/graph-pair.ts";
import { floats } from "./fixtures/tensors.ts";

const image = floats([2, 6, 7, 3]);
const REFLECT = textAttribute("mode", "reflect");
const CHANNELS = 3;

/** Builds one operation between two convolutions. */
function betweenConvolutions(
  body: (convolved: Value, layers: ChannelsLast, graph: OnnxGraph) => Value,
  channels = CHANNELS,
): BuildGraph {
  return (graph, input) => {
    const layers = new ChannelsLast(graph);
    const middle = body(layers.convolve(input as Value, [CHANNELS, CHANNELS, 1]), layers, graph);
    return [layers.convolve(middle, [channels, 2, 1])];
  };
}

/** One transposition of what comes in and one of what goes out. */
const OUTERMOST = 2;

describe("images stay channels first from one convolution to the next", () => {
  const layers: readonly [string, BuildGraph][] = [
    ["nothing between", betweenConvolutions((value) => value)],
    ["an activation", betweenConvolutions((value, on) => on.apply("Relu", [value]))],
    ["its own sigmoid", betweenConvolutions((value, on) => on.apply("Mul", [value, on.apply("Sigmoid", [value])]))],
    ["another branch", betweenConvolutions((value, on) => on.apply("Add", [value, on.convolve(value, [3, 3, 1])]))],
    ["a maximum", betweenConvolutions((value, on) => on.pool("MaxPool", value, 2))],
    [
      "a mean over height and width that keeps them",
      betweenConvolutions((value, on, graph) =>
        on.apply("Mul", [value, on.apply("ReduceMean", [value, graph.integers([1, -2])])]),
      ),
    ],
    [
      "channels joined",
      betweenConvolutions(
        (value, on) => on.apply("Concat", [value, on.apply("Relu", [value])], [intAttribute("axis", -1)]),
        2 * CHANNELS,
      ),
    ],
    [
      "one of the parts that channels are split into",
      betweenConvolutions((value, _, graph) => {
        const sizes = graph.integers([1, 2]);
        const [, part] = graph.applyToSeveral(
          "Split",
          [value, sizes],
          ["float32", "float32"],
          [intAttribute("axis", 3)],
        );
        return part as Value;
      }, 2),
    ],
    [
      "rows and columns cut off",
      betweenConvolutions((value, on, graph) =>
        on.apply("Slice", [
          value,
          ...[
            [1, 0],
            [5, 6],
            [1, -2],
          ].map((numbers) => graph.integers(numbers)),
        ]),
      ),
    ],
    [
      "rows cut off, axes not named",
      betweenConvolutions((value, on, graph) =>
        on.apply("Slice", [value, graph.integers([0, 1]), graph.integers([2, 5])]),
      ),
    ],
    [
      "mirrored rows",
      betweenConvolutions((value, on) => on.pad(value, [0, 1, 2, 0, 0, 2, 1, 0], undefined, [REFLECT])),
    ],
  ];
  for (const [between, build] of layers) {
    test(between, async () => {
      const { counts } = await compareArranged(build, image);
      assert.equal(counts["Transpose"], OUTERMOST);
    });
  }

  const constants: readonly (readonly number[])[] = [[], [3], [7, 1], [6, 1, 3], [1, 6, 7, 3], [1, 1, 1, 3]];
  for (const shape of constants) {
    test(`a constant of shape [${shape.join()}] added`, async () => {
      const build = betweenConvolutions((value, on, graph) => on.apply("Add", [value, graph.constant(floats(shape))]));
      const { nodes } = await compareArranged(build, image);
      const sum = nodes.find(({ opType }) => opType === "Add");
      assert.equal(nodes.find(({ output }) => output[0] === sum?.input[0])?.opType, "Conv");
    });
  }
});

describe("what is no image any more comes out without a transposition", () => {
  const ends: readonly [string, (value: Value, on: ChannelsLast, graph: OnnxGraph) => Value][] = [
    [
      "means",
      (value, on, graph) => on.apply("ReduceMean", [value, graph.integers([1, 2])], [intAttribute("keepdims", 0)]),
    ],
    [
      "sums over channels",
      (value, on, graph) => on.apply("ReduceSum", [value, graph.integers([-1])], [intAttribute("keepdims", 0)]),
    ],
    ["the shape", (value, _, graph) => graph.apply("Shape", [value], "int64")],
    [
      "some sizes",
      (value, _, graph) => graph.apply("Shape", [value], "int64", [intAttribute("start", -3), intAttribute("end", -1)]),
    ],
    ["the number of elements", (value, _, graph) => graph.apply("Size", [value], "int64")],
    [
      "means without their axes",
      (value, on, graph) =>
        on.apply("Squeeze", [on.apply("ReduceMean", [value, graph.integers([1, 2])]), graph.integers([-2, 1])]),
    ],
  ];
  for (const [what, end] of ends) {
    test(what, async () => {
      const { counts } = await compareArranged((graph, input) => {
        const layers = new ChannelsLast(graph);
        return [end(layers.convolve(input as Value, [CHANNELS, 5, 2]), layers, graph)];
      }, image);
      assert.equal(counts["Transpose"], 1);
    });
  }
});

describe("images are channels last where", () => {
  const last: readonly [string, (value: Value, on: ChannelsLast, graph: OnnxGraph) => Value][] = [
    [
      "axes that are dropped would leave the others in another order",
      (value, on, graph) => on.apply("ReduceMean", [value, graph.integers([1])], [intAttribute("keepdims", 0)]),
    ],
    [
      "an axis of size 1 is dropped that would",
      (value, on, graph) =>
        on.apply("Squeeze", [on.apply("ReduceMax", [value, graph.integers([2])]), graph.integers([2])]),
    ],
    ["they are flattened", (value, on, graph) => on.apply("Reshape", [value, graph.integers([2, -1])])],
    ["they come out", (value) => value],
    ["they are taken for matrices", (value, on, graph) => on.apply("MatMul", [value, graph.constant(floats([5, 2]))])],
    ["the last axis is meant", (value, on) => on.apply("Softmax", [value])],
  ];
  for (const [why, end] of last) {
    test(why, async () => {
      const { counts } = await compareArranged((graph, input) => {
        const layers = new ChannelsLast(graph);
        return [end(layers.convolve(input as Value, [CHANNELS, 5, 2]), layers, graph)];
      }, image);
      assert.equal(counts["Transpose"], OUTERMOST);
    });
  }

  test("they meet a value of any number of axes", async () => {
    const build: BuildGraph = (graph, input, other) => {
      const layers = new ChannelsLast(graph);
      return [layers.apply("Add", [layers.convolve(input as Value, [CHANNELS, 3, 1]), other as Value])];
    };
    for (const shape of [[], [3], [7, 1], [6, 7, 3], [2, 6, 7, 3], [2, 2, 6, 7, 3]]) {
      const { counts } = await compareArranged(build, image, floats(shape));
      assert.equal(counts["Transpose"], OUTERMOST);
    }
  });

  test("they meet a constant without elements", async () => {
    for (const shape of [[0], [0, 1], [0, 7, 1], [0, 6, 7, 3]]) {
      await compareArranged(
        (graph, input) => {
          const layers = new ChannelsLast(graph);
          const none = graph.apply(
            "Slice",
            [input as Value, ...[0, 0].map((bound) => graph.integers([bound]))],
            "float32",
          );
          const convolved = layers.convolve(none, [CHANNELS, 1, 1]);
          return [layers.apply("Add", [convolved, graph.constant(floats(shape))])];
        },
        floats([1, 1, 1, 3]),
      );
    }
  });

  test("they meet a constant of more axes", async () => {
    await compareArranged((graph, input) => {
      const layers = new ChannelsLast(graph);
      const constant = graph.constant(floats([2, 1, 6, 7, 3]));
      return [layers.apply("Add", [layers.convolve(input as Value, [CHANNELS, 3, 1]), constant])];
    }, image);
  });
});

test("an image that comes out is also used by the next layer as it was computed", async () => {
  const { counts } = await compareArranged((graph, input) => {
    const layers = new ChannelsLast(graph);
    const middle = layers.apply("Relu", [layers.convolve(input as Value, [CHANNELS, CHANNELS, 2])]);
    return [middle, layers.convolve(middle, [CHANNELS, 2, 1]), middle];
  }, image);
  assert.equal(counts["Transpose"], 3);
});

test("transpositions to other orders stay", async () => {
  const { counts } = await compareArranged((graph, input) => {
    const turned = graph.apply("Transpose", [input as Value], "float32", [intsAttribute("perm", [0, 2, 1, 3])]);
    return [new ChannelsLast(graph).convolve(turned, [CHANNELS, 2, 1])];
  }, image);
  assert.equal(counts["Transpose"], OUTERMOST + 1);
});

test("an operation that nobody uses goes on failing the run", async () => {
  const build: BuildGraph = (graph, input) => {
    const convolved = new ChannelsLast(graph).convolve(input as Value, [CHANNELS, CHANNELS, 1]);
    graph.apply("Reshape", [convolved, graph.integers([5])], "float32");
    return [convolved];
  };
  await assert.rejects(compareArranged(build, image), /Reshape/);
  await assert.rejects(runArranged(build, image), /Reshape/);
});
