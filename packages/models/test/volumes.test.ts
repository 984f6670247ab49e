// Windows that slide over volumes: batch, depth, height, width, channels.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { elementCount, type Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { convolve, convolveDepthwise } from "./fixtures/image-reference.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import {
  constant,
  expectTensor,
  integersAttr,
  type OperationCase,
  testOperations,
  textAttr,
} from "./fixtures/operation-case.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats, int32s, numbersOf } from "./fixtures/tensors.ts";

after(closeModels);

interface Window {
  readonly kernel: readonly number[];
  readonly stride: number;
  readonly dilation?: number;
  readonly padding: "SAME" | "VALID";
}

/** For each place of a window along an axis, the cells of it: of the padding, some outside. */
function placesAlong(size: number, kernel: number, { stride, dilation = 1, padding }: Window): number[][] {
  const reach = (kernel - 1) * dilation + 1;
  const length = padding === "SAME" ? Math.ceil(size / stride) : Math.floor((size - reach) / stride) + 1;
  const before = padding === "SAME" ? Math.floor(Math.max((length - 1) * stride + reach - size, 0) / 2) : 0;
  return Array.from({ length }, (_, place) =>
    Array.from({ length: kernel }, (_cell, cell) => place * stride - before + cell * dilation),
  );
}

const counted = (count: number): number[] => [...Array(count).keys()];

/** The values of one channel in each window of a volume, undefined for padding; in order of the windows, then of their cells. */
function windowsOf(volume: Tensor, window: Window): { shape: number[]; cells: (channel: number) => number[][] } {
  const [batch = 0, ...sizes] = volume.shape;
  const channels = sizes.pop() ?? 0;
  const [depths = [], rows = [], columns = []] = sizes.map((size, axis) =>
    placesAlong(size, window.kernel[axis] ?? 0, window),
  );
  const [, height = 0, width = 0] = sizes;
  const values = numbersOf(volume);
  const inside = (at: number, axis: number): boolean => at >= 0 && at < (sizes[axis] ?? 0);
  const cells = (channel: number): number[][] =>
    counted(batch).flatMap((item) =>
      depths.flatMap((ds) =>
        rows.flatMap((ys) =>
          columns.map((xs) =>
            ds.flatMap((d) =>
              ys.flatMap((y) =>
                xs.map((x) => {
                  const at = (((item * (sizes[0] ?? 0) + d) * height + y) * width + x) * channels + channel;
                  return inside(d, 0) && inside(y, 1) && inside(x, 2) ? (values[at] ?? 0) : Number.NaN;
                }),
              ),
            ),
          ),
        ),
      ),
    );
  return { shape: [batch, depths.length, rows.length, columns.length], cells };
}

function pool(volume: Tensor, window: Window, reduce: (values: number[]) => number): Tensor {
  const { shape, cells } = windowsOf(volume, window);
  const channels = volume.shape.at(-1) ?? 0;
  const each = counted(channels).map((channel) =>
    cells(channel).map((values) => reduce(values.filter((value) => !Number.isNaN(value)))),
  );
  const places = elementCount(shape);
  return floats(
    [...shape, channels],
    counted(places).flatMap((place) => each.map((values) => values[place] ?? 0)),
  );
}

function convolveVolume(volume: Tensor, filter: Tensor, window: Window): Tensor {
  const { shape, cells } = windowsOf(volume, window);
  const [inputs = 0, outputs = 0] = filter.shape.slice(3);
  const weights = numbersOf(filter);
  const each = counted(inputs).map(cells);
  const sum = (place: number, output: number): number =>
    each.reduce((total, windows, input) => {
      const terms = (windows[place] ?? []).map((value, cell) =>
        Number.isNaN(value) ? 0 : value * (weights[(cell * inputs + input) * outputs + output] ?? 0),
      );
      return total + terms.reduce((a, b) => a + b, 0);
    }, 0);
  return floats(
    [...shape, outputs],
    counted(elementCount(shape)).flatMap((place) => counted(outputs).map((output) => sum(place, output))),
  );
}

const volume = floats([2, 4, 5, 3, 2]);
const filter = floats([2, 3, 2, 2, 3]);
const windows: readonly Window[] = [
  { kernel: [2, 3, 2], stride: 1, padding: "VALID" },
  { kernel: [2, 3, 2], stride: 1, padding: "SAME" },
  { kernel: [2, 3, 2], stride: 2, padding: "SAME" },
  { kernel: [2, 3, 2], stride: 1, dilation: 2, padding: "SAME" },
];
const five = (number: number) => integersAttr([1, number, number, number, 1]);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const cases = windows.flatMap((window): OperationCase[] => {
  const { kernel, stride, dilation = 1, padding } = window;
  const attributes = { strides: five(stride), padding: textAttr(padding) };
  const about = `${padding}, strides of ${stride}, dilation of ${dilation}`;
  const convolution: OperationCase = {
    op: "Conv3D",
    about,
    inputs: [volume, constant(filter)],
    attributes: { ...attributes, dilations: five(dilation) },
    expected: convolveVolume(volume, filter, window),
  };
  const pooling = { ...attributes, ksize: integersAttr([1, ...kernel, 1]) };
  const pools: OperationCase[] = [
    {
      op: "MaxPool3D",
      about,
      inputs: [volume],
      attributes: pooling,
      expected: pool(volume, window, (values) => Math.max(...values)),
    },
    { op: "AvgPool3D", about, inputs: [volume], attributes: pooling, expected: pool(volume, window, mean) },
  ];
  return dilation === 1 ? [convolution, ...pools] : [convolution];
});

/** A single voxel, handed back to the window that it was made of, gives the filter. */
const handedBack: OperationCase = {
  op: "Conv3DBackpropInputV2",
  inputs: [int32s([5], [1, 2, 3, 2, 2]), constant(filter), floats([1, 1, 1, 1, 3], [1, 0, 0])],
  attributes: { strides: five(1), padding: textAttr("VALID") },
  expected: floats(
    [1, 2, 3, 2, 2],
    numbersOf(filter).filter((_, index) => index % 3 === 0),
  ),
};

testOperations([...cases, handedBack]);

const line = floats([2, 1, 7, 3]);
const float = { dtype: typeAttr("float32") };
const strides = { strides: integersAttr([1, 1, 1, 1]), padding: textAttr("VALID") };

/** A model that makes a filter for rows of one out of a smaller one, as layers over sequences do. */
async function runOnRows(op: string, given: Tensor): Promise<Tensor | undefined> {
  const model = await load(
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], float),
        constantNode("filter", given),
        constantNode("axis", int32s([], [0])),
        node("raised", "ExpandDims", ["filter", "axis"]),
        node("y", op, ["x", "raised"], strides),
      ],
      signatures: { s: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } },
    }),
  );
  return (await model.run("s", feed(line), [])).get("y");
}

test("filters that get an axis of one are known", async () => {
  const [depthwise, full] = [floats([2, 3, 2]), floats([2, 3, 4])];
  const window = { kernel: [1, 2], strides: [1, 1], padding: "VALID" } as const;
  const raised = ({ shape, data }: Tensor): Tensor => ({ dtype: "float32", shape: [1, ...shape], data });
  const expected = convolveDepthwise(line, raised(depthwise), window);
  expectTensor(await runOnRows("DepthwiseConv2dNative", depthwise), expected);
  expectTensor(await runOnRows("Conv2D", full), convolve(line, raised(full), window));
});

test("an image with more channels than the filter takes is convolved in groups", async () => {
  const [first, grouped] = [floats([1, 1, 3, 4]), floats([1, 2, 2, 6])];
  const model = await load(
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], float),
        constantNode("first", first),
        constantNode("grouped", grouped),
        node("four", "Conv2D", ["x", "first"], strides),
        node("positive", "Relu", ["four"]),
        node("y", "Conv2D", ["positive", "grouped"], strides),
      ],
      signatures: { s: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } },
    }),
  );
  const window = { kernel: [1, 1], strides: [1, 1], padding: "VALID" } as const;
  const four = convolve(line, first, window);
  const positive = floats(
    four.shape,
    numbersOf(four).map((value) => Math.max(value, 0)),
  );
  const part = (tensor: Tensor, from: number, to: number): Tensor => {
    const width = tensor.shape.at(-1) ?? 1;
    const values = numbersOf(tensor).filter((_, index) => index % width >= from && index % width < to);
    return floats([...tensor.shape.slice(0, -1), to - from], values);
  };
  const halves = [0, 1].map((half) =>
    convolve(part(positive, 2 * half, 2 * half + 2), part(grouped, 3 * half, 3 * half + 3), {
      ...window,
      kernel: [1, 2],
    }),
  );
  const [left, right] = halves.map(numbersOf) as [number[], number[]];
  const joined = counted(left.length / 3).flatMap((pixel) =>
    [left, right].flatMap((values) => values.slice(3 * pixel, 3 * pixel + 3)),
  );
  const y = (await model.run("s", feed(line), [])).get("y");
  assert.ok(y !== undefined);
  expectTensor(y, floats([2, 1, 6, 6], joined));
});
