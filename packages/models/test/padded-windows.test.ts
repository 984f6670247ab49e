import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { OnnxGraph, Value } from "../src/importer/onnx-graph.ts";
import { intAttribute, intsAttribute, readInts, textAttribute } from "../src/onnx/attribute.ts";
import { ChannelsLast } from "./fixtures/channels-last.ts";
import { compareArranged } from "./fixtures/graph-pair.ts";
import { floats } from "./fixtures/tensors.ts";

const image = floats([1, 6, 7, 3]);
/** One row before and two behind, three columns before and none behind. */
const UNEVEN = [0, 1, 3, 0, 0, 2, 0, 0];
const STRIDES = intsAttribute("strides", [2, 2]);

type Layer = (input: Value, layers: ChannelsLast, graph: OnnxGraph) => Value;

function padsOfOnly(build: Layer, opType: string) {
  return compareArranged((graph, input) => [build(input as Value, new ChannelsLast(graph), graph)], image).then(
    ({ nodes, counts }) => ({
      padding: counts["Pad"] ?? 0,
      pads: nodes.filter((node) => node.opType === opType).map(({ attribute }) => readInts(attribute, "pads") ?? []),
    }),
  );
}

describe("zeros round an image go into", () => {
  const inside: readonly [string, string, Layer, readonly number[]][] = [
    ["a convolution", "Conv", (input, on) => on.convolve(on.pad(input, UNEVEN), [3, 2, 3], [STRIDES]), [1, 3, 2, 0]],
    [
      "a convolution that pads itself",
      "Conv",
      (input, on) => on.convolve(on.pad(input, UNEVEN), [3, 2, 3], [intsAttribute("pads", [1, 0, 0, 1])]),
      [2, 3, 2, 1],
    ],
    [
      "a convolution, with a zero that is given",
      "Conv",
      (input, on, graph) => on.convolve(on.pad(input, UNEVEN, graph.constant(floats([], [0]))), [3, 2, 3]),
      [1, 3, 2, 0],
    ],
    [
      "a maximum of what is above 0",
      "MaxPool",
      (input, on) => on.pool("MaxPool", on.pad(on.apply("Relu", [input]), UNEVEN), 4, [STRIDES]),
      [1, 3, 2, 0],
    ],
    [
      "a maximum of what is clipped at 0, behind an average",
      "MaxPool",
      (input, on, graph) => {
        const bounds = [0, 6].map((bound) => graph.constant(floats([], [bound])));
        const averages = on.pool("AveragePool", on.apply("Clip", [on.convolve(input, [3, 3, 1]), ...bounds]), 2);
        return on.pool("MaxPool", on.pad(averages, UNEVEN), 4);
      },
      [1, 3, 2, 0],
    ],
  ];
  for (const [what, opType, build, expected] of inside) {
    test(what, async () => {
      const { padding, pads } = await padsOfOnly(build, opType);
      assert.equal(padding, 0);
      assert.deepEqual(pads, [expected]);
    });
  }
});

describe("padding stays apart where", () => {
  const apart: readonly [string, Layer][] = [
    [
      "it is not made of zeros",
      (input, on, graph) => on.convolve(on.pad(input, UNEVEN, graph.constant(floats([], [0.5]))), [3, 2, 3]),
    ],
    [
      "what it is made of is computed",
      (input, on, graph) => {
        const fill = graph.apply("ReduceMax", [input], "float32", [intAttribute("keepdims", 0)]);
        return on.convolve(on.pad(input, UNEVEN, fill), [3, 2, 3]);
      },
    ],
    [
      "it mirrors the image",
      (input, on) => on.convolve(on.pad(input, UNEVEN, undefined, [textAttribute("mode", "reflect")]), [3, 2, 3]),
    ],
    ["it adds channels", (input, on) => on.convolve(on.pad(input, [0, 1, 1, 1, 0, 1, 1, 0]), [4, 2, 3])],
    ["it adds images", (input, on) => on.convolve(on.pad(input, [0, 1, 1, 0, 1, 1, 1, 0]), [3, 2, 3])],
    [
      "the convolution pads by the image's size",
      (input, on) => on.convolve(on.pad(input, UNEVEN), [3, 2, 3], [textAttribute("auto_pad", "SAME_UPPER"), STRIDES]),
    ],
    ["the maximum may be below 0", (input, on) => on.pool("MaxPool", on.pad(input, UNEVEN), 4)],
    [
      "the maximum may be below 0 behind a leaky activation",
      (input, on) => on.pool("MaxPool", on.pad(on.apply("LeakyRelu", [input]), UNEVEN), 4),
    ],
    [
      "the maximum is of what is clipped below 0",
      (input, on, graph) => {
        const bounds = [-1, 6].map((bound) => graph.constant(floats([], [bound])));
        return on.pool("MaxPool", on.pad(on.apply("Clip", [input, ...bounds]), UNEVEN), 4);
      },
    ],
    [
      "the maximum is of windows that lie in the padding alone",
      (input, on) => on.pool("MaxPool", on.pad(on.apply("Relu", [input]), UNEVEN), 3),
    ],
    [
      "the maximum is of images without rows, of which windows lie in the padding alone",
      (input, on, graph) => {
        const none = graph.apply("Slice", [input, ...[0, 0, 1].map((bound) => graph.integers([bound]))], "float32");
        return on.pool("MaxPool", on.pad(on.apply("Relu", [none]), [0, 2, 2, 0, 0, 2, 2, 0]), 4);
      },
    ],
    [
      "the maximum is of every second cell",
      (input, on) => {
        const dilations = [intsAttribute("dilations", [2, 2])];
        return on.pool("MaxPool", on.pad(on.apply("Relu", [input]), [0, 1, 1, 0, 0, 1, 1, 0]), 3, dilations);
      },
    ],
    ["it cuts off", (input, on) => on.convolve(on.pad(input, [0, -1, 2, 0, 0, 2, 0, 0]), [3, 2, 3])],
    [
      "it cuts off where the convolution pads",
      (input, on) =>
        on.convolve(on.pad(input, [0, -1, 0, 0, 0, 0, 0, 0]), [3, 2, 3], [intsAttribute("pads", [1, 0, 0, 0])]),
    ],
    ["it is of an average", (input, on) => on.pool("AveragePool", on.pad(input, UNEVEN), 4)],
  ];
  for (const [why, build] of apart) {
    test(why, async () => {
      assert.equal((await padsOfOnly(build, "Conv")).padding, 1);
    });
  }
});
