import { elementCount, type Tensor } from "@sealserve/protocol";

import { constant, integersAttr, type OperationCase, testOperations, textAttr } from "./fixtures/operation-case.ts";
import { booleans, doubles, floats, int32s, numbersOf } from "./fixtures/tensors.ts";

interface Deconvolution {
  readonly padding: "SAME" | "VALID";
  readonly stride: number;
  readonly dilation?: number;
  readonly image: Tensor;
  readonly filter: Tensor;
}

/** What a convolution hands back to its input: each pixel is added, times the filter, to the window that it was made of. */
function handBack({ padding, stride, dilation = 1, image, filter }: Deconvolution): Tensor {
  const [batch = 0, rows = 0, columns = 0, inputs = 0] = image.shape;
  const [height = 0, width = 0, outputs = 0] = filter.shape;
  const reach = (window: number): number => (window - 1) * dilation + 1;
  const sizeOf = (count: number, window: number): number =>
    padding === "SAME" ? count * stride : count * stride + Math.max(reach(window) - stride, 0);
  const before = (window: number): number =>
    padding === "SAME" ? Math.floor(Math.max(reach(window) - stride, 0) / 2) : 0;
  const shape = [batch, sizeOf(rows, height), sizeOf(columns, width), outputs];
  const [, high = 0, wide = 0] = shape;
  const [pixels, weights] = [numbersOf(image), numbersOf(filter)];
  const sums = Array.from({ length: elementCount(shape) }, () => 0);
  for (const [place, pixel] of pixels.entries()) {
    const [channel, column] = [place % inputs, Math.floor(place / inputs) % columns];
    const row = Math.floor(place / inputs / columns) % rows;
    const item = Math.floor(place / inputs / columns / rows);
    for (const [at, weight] of weights.entries()) {
      const [input, output] = [at % inputs, Math.floor(at / inputs) % outputs];
      const x = column * stride + (Math.floor(at / inputs / outputs) % width) * dilation - before(width);
      const y = row * stride + Math.floor(at / inputs / outputs / width) * dilation - before(height);
      if (input === channel && x >= 0 && x < wide && y >= 0 && y < high) {
        const to = ((item * high + y) * wide + x) * outputs + output;
        sums[to] = (sums[to] ?? 0) + pixel * weight;
      }
    }
  }
  return floats(shape, sums);
}

function deconvolutionCase(about: string, given: Deconvolution): OperationCase {
  const expected = handBack(given);
  return {
    op: "Conv2DBackpropInput",
    about,
    attributes: {
      padding: textAttr(given.padding),
      strides: integersAttr([1, given.stride, given.stride, 1]),
      dilations: integersAttr([1, given.dilation ?? 1, given.dilation ?? 1, 1]),
    },
    inputs: [int32s([4], expected.shape), constant(given.filter), given.image],
    expected,
  };
}

const image = floats([2, 2, 3, 2]);
const [threeByTwo, single] = [floats([3, 2, 2, 2]), floats([1, 1, 3, 2])];
const blocks = { block_size: { i: 2n } };
const values = floats([4], [1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
const pixels = floats([1, 1, 1, 4], [1, 2, 3, 4]);
const square = floats([1, 2, 2, 1], [1, 2, 3, 4]);

testOperations([
  deconvolutionCase("SAME, dilated", { padding: "SAME", stride: 1, dilation: 2, image, filter: threeByTwo }),
  deconvolutionCase("VALID, dilated", { padding: "VALID", stride: 1, dilation: 3, image, filter: threeByTwo }),
  deconvolutionCase("SAME, by 2", { padding: "SAME", stride: 2, image, filter: threeByTwo }),
  deconvolutionCase("SAME, by 1", { padding: "SAME", stride: 1, image, filter: threeByTwo }),
  deconvolutionCase("SAME, with gaps", { padding: "SAME", stride: 2, image, filter: single }),
  deconvolutionCase("VALID, by 2", { padding: "VALID", stride: 2, image, filter: threeByTwo }),
  deconvolutionCase("VALID, with gaps", { padding: "VALID", stride: 3, image, filter: threeByTwo }),
  {
    op: "Conv2DBackpropInput",
    about: "to another size",
    attributes: { padding: textAttr("SAME"), strides: integersAttr([1, 2, 2, 1]) },
    inputs: [int32s([4], [2, 3, 6, 2]), constant(threeByTwo), image],
    expected: floats([0], []),
    fails: true,
  },
  { op: "DepthToSpace", attributes: blocks, inputs: [pixels], expected: square },
  { op: "SpaceToDepth", attributes: blocks, inputs: [square], expected: pixels },
  {
    op: "DepthToSpace",
    about: "two channels",
    attributes: blocks,
    inputs: [floats([1, 1, 1, 8], [1, 2, 3, 4, 5, 6, 7, 8])],
    expected: floats([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
  },
  { op: "IsInf", inputs: [values], expected: booleans([4], [0, 1, 1, 0]) },
  { op: "IsFinite", inputs: [values], expected: booleans([4], [1, 0, 0, 0]) },
  { op: "IsFinite", about: "float64", inputs: [doubles([1], [Number.NaN])], expected: booleans([1], [0]) },
]);
