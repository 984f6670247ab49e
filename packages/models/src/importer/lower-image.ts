import { floatAttribute, intAttribute, intsAttribute } from "../onnx/attribute.ts";
import type { AttributeProto } from "../onnx/schema.ts";
import { readWindow, spatialSizes, throughChannelsFirst } from "./image-window.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** TensorFlow keeps filters as height, width, input channels, output channels; ONNX the other way round. */
const FILTER_TO_ONNX = [3, 2, 0, 1];
/** The same for depth-wise filters, whose last two axes are channel and multiplier: output channels stay in order. */
const DEPTHWISE_TO_ONNX = [2, 3, 0, 1];

const convolution: Lowering = (operation, graph) => {
  const filter = permute(operation.input(1), FILTER_TO_ONNX, graph);
  return applyConvolution(operation, filter, [], graph);
};

const depthwiseConvolution: Lowering = (operation, graph) => {
  const { shape } = operation.input(1);
  const [height, width, channels, multiplier] = shape ?? operation.refuse("its filter is not a constant");
  if (height === undefined || width === undefined || channels === undefined || multiplier === undefined) {
    return operation.refuse("its filter does not have four axes");
  }
  const permuted = permute(operation.input(1), DEPTHWISE_TO_ONNX, graph);
  const grouped = graph.integers([channels * multiplier, 1, height, width]);
  const filter = graph.apply("Reshape", [permuted, grouped], permuted.dtype);
  return applyConvolution(operation, filter, [intAttribute("group", channels)], graph);
};

function applyConvolution(
  operation: Operation,
  filter: Value,
  group: readonly AttributeProto[],
  graph: OnnxGraph,
): Value {
  const attributes = [...readWindow(operation, operation.input(1).shape?.slice(0, 2)), ...group];
  return throughChannelsFirst(operation, graph, (image) =>
    graph.apply("Conv", [image, filter], image.dtype, attributes),
  );
}

/** Maximum or average over a window. In an average, padding does not count, in ONNX by default as in TensorFlow. */
function pool(opType: "MaxPool" | "AveragePool"): Lowering {
  return (operation, graph) => {
    const kernel = spatialSizes(operation, "ksize");
    expectOverlap(operation, kernel);
    const attributes = [intsAttribute("kernel_shape", kernel), ...readWindow(operation, kernel)];
    return throughChannelsFirst(operation, graph, (image) => graph.apply(opType, [image], image.dtype, attributes));
  };
}

/** Where a padded pooling window is smaller than its stride, the engine works out a negative padding, and fails. */
function expectOverlap(operation: Operation, kernel: readonly number[]): void {
  const strides = spatialSizes(operation, "strides");
  const gaps = kernel.some((size, axis) => size < (strides[axis] ?? 1)) && kernel.some((size) => size > 1);
  if (gaps && operation.text("padding", "") === "SAME") {
    operation.refuse("it pads a window that is smaller than its stride");
  }
}

/** Batch normalisation with stored statistics. Training, the attribute's default, would need those of the batch. */
const batchNormalisation: Lowering = (operation, graph) => {
  if (operation.flag("is_training", true)) {
    operation.refuse("it is in training mode");
  }
  const statistics = [1, 2, 3, 4].map((position) => operation.input(position));
  const epsilon = floatAttribute("epsilon", operation.float("epsilon", 1e-4));
  return throughChannelsFirst(operation, graph, (image) =>
    graph.apply("BatchNormalization", [image, ...statistics], image.dtype, [epsilon]),
  );
};

function permute(value: Value, order: readonly number[], graph: OnnxGraph): Value {
  return graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", order)]);
}

/** Layers on images. */
export const imageLowerings: Readonly<Record<string, Lowering>> = {
  Conv2D: convolution,
  DepthwiseConv2dNative: depthwiseConvolution,
  MaxPool: pool("MaxPool"),
  AvgPool: pool("AveragePool"),
  FusedBatchNorm: batchNormalisation,
  FusedBatchNormV2: batchNormalisation,
  FusedBatchNormV3: batchNormalisation,
};
