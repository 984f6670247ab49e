import { floatAttribute, intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { readWindow, spatialSizes, throughChannelsFirst } from "./image-window.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** The same for depth-wise filters, whose last two axes are channel and multiplier: output channels stay in order. */
const DEPTHWISE_TO_ONNX = [2, 3, 0, 1];

const convolution: Lowering = (operation, graph) =>
  applyConvolution(operation, filterToOnnx(operation.input(1), spatialRank(operation), graph), undefined, graph);

/** Axes that the operation's window has. */
function spatialRank(operation: Operation): number {
  return spatialSizes(operation, "strides").length;
}

/** TensorFlow keeps filters as height, width, input channels, output channels; ONNX the other way round. Volumes have depth before height. */
export function filterToOnnx(filter: Value, spatial: number, graph: OnnxGraph): Value {
  return permute(filter, [spatial + 1, spatial, ...Array(spatial).keys()], graph);
}

const depthwiseConvolution: Lowering = (operation, graph) => {
  const { sizes } = operation.input(1);
  if (sizes === undefined || sizes.includes(undefined)) {
    return operation.refuse("its filter is not a constant");
  }
  const [height, width, channels, multiplier] = sizes;
  if (height === undefined || width === undefined || channels === undefined || multiplier === undefined) {
    return operation.refuse("its filter does not have four axes");
  }
  const permuted = permute(operation.input(1), DEPTHWISE_TO_ONNX, graph);
  const grouped = graph.integers([channels * multiplier, 1, height, width]);
  const filter = graph.apply("Reshape", [permuted, grouped], permuted.dtype);
  return applyConvolution(operation, filter, channels, graph);
};

/** @param groups those of the channels; where it is not given, as many as the image has more channels than the filter */
function applyConvolution(operation: Operation, filter: Value, groups: number | undefined, graph: OnnxGraph): Value {
  const attributes = readWindow(operation, knownSizes(operation.input(1))?.slice(0, spatialRank(operation)));
  return throughChannelsFirst(operation, graph, (image) => {
    const group = groups ?? countGroups(image, filter);
    const grouped = group === 1 ? attributes : [...attributes, intAttribute("group", group)];
    return graph.apply("Conv", [image, filter], image.dtype, grouped);
  });
}

function knownSizes({ sizes }: Value): readonly number[] | undefined {
  const known = sizes?.filter((size) => size !== undefined);
  return known?.length === sizes?.length ? known : undefined;
}

/** 1 where not both numbers of channels are known, or one is no multiple of the other. */
function countGroups(image: Value, filter: Value): number {
  const groups = (image.sizes?.[1] ?? 0) / (filter.sizes?.[1] ?? 0);
  return Number.isInteger(groups) && groups > 0 ? groups : 1;
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
  Conv3D: convolution,
  MaxPool3D: pool("MaxPool"),
  AvgPool3D: pool("AveragePool"),
  MaxPool: pool("MaxPool"),
  AvgPool: pool("AveragePool"),
  FusedBatchNorm: batchNormalisation,
  FusedBatchNormV2: batchNormalisation,
  FusedBatchNormV3: batchNormalisation,
};
