import { floatAttribute, intAttribute, intsAttribute } from "../onnx/attribute.ts";
import { castTo, scalar } from "./convert.ts";
import { channelAxis, readWindow, spatialSizes, throughChannelsFirst } from "./image-window.ts";
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
    const group = groups ?? countGroups(operation, image, filter);
    const grouped = group === 1 ? attributes : [...attributes, intAttribute("group", group)];
    return graph.apply("Conv", [image, filter], image.dtype, grouped);
  });
}

function knownSizes({ sizes }: Value): readonly number[] | undefined {
  const known = sizes?.filter((size) => size !== undefined);
  return known?.length === sizes?.length ? known : undefined;
}

/**
 * As many as the image has more channels than the filter takes, each of which goes through its share of the filters. 1 where nothing
 * says how many channels there are.
 */
function countGroups(operation: Operation, image: Value, filter: Value): number {
  const [given, taken] = filter.sizes ?? [];
  const known = image.sizes?.[1];
  const channels = known ?? declaredSize(operation, channelAxis(operation));
  if (channels === undefined || taken === undefined || given === undefined || channels === taken) {
    return 1;
  }
  const groups = channels / taken;
  if (Number.isInteger(groups) && groups > 0 && given % groups === 0) {
    return groups;
  }
  return known === undefined
    ? 1
    : operation.refuse(`its filter takes ${taken} channels and gives ${given}, and its images have ${channels}`);
}

/** What the graph says of an axis of the images; requests are not held to it. */
function declaredSize(operation: Operation, axis: number): number | undefined {
  const [source] = operation.node.inputs;
  const noted = source !== undefined && "node" in source ? source.node.attribute("_output_shapes") : undefined;
  const shape = source !== undefined && "node" in source ? noted?.list?.shape[source.output] : undefined;
  const size = operation.input(0).declared?.[axis] ?? Number(shape?.dim[axis]?.size ?? -1);
  return size < 0 ? undefined : size;
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

/** Batch normalisation with stored statistics; in training mode, the attribute's default, with those of the batch. */
const batchNormalisation: Lowering = (operation, graph) => {
  if (operation.flag("is_training", true)) {
    return normaliseByBatch(operation, graph);
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

/** Gives the mean and the variance of the batch besides, the variance as that of a sample. */
function normaliseByBatch(operation: Operation, graph: OnnxGraph): readonly Value[] {
  const [image, scale, offset] = [operation.input(0), operation.input(1), operation.input(2)];
  const isFloat32 = [image, scale, offset].every(({ dtype }) => dtype === "float32");
  if (!isFloat32 || operation.float("exponential_avg_factor", 1) !== 1) {
    operation.refuse("it is in training mode, and not on float32 or with a running average");
  }
  const channels = channelAxis(operation);
  const axes = graph.integers([0, 1, 2, 3].filter((axis) => axis !== channels));
  const apply = (op: string, ...inputs: Value[]): Value => graph.apply(op, inputs, "float32");
  const meanOf = (value: Value): Value =>
    graph.apply("ReduceMean", [value, axes], "float32", [intAttribute("keepdims", 1)]);
  const alongChannels = (value: Value): Value =>
    apply("Reshape", value, graph.integers([0, 1, 2, 3].map((axis) => (axis === channels ? -1 : 1))));
  const mean = meanOf(image);
  const difference = apply("Sub", image, mean);
  const variance = meanOf(apply("Mul", difference, difference));
  const deviation = apply("Sqrt", apply("Add", variance, scalar(operation.float("epsilon", 1e-4), "float32", graph)));
  const normalised = apply("Mul", apply("Div", difference, deviation), alongChannels(scale));
  const flat = graph.integers([-1]);
  const statistics = [apply("Reshape", mean, flat), apply("Reshape", ofSample(variance, image, graph), flat)];
  return [apply("Add", normalised, alongChannels(offset)), ...statistics];
}

/** The variance of what `image` is a sample of, from that of its elements for each channel. */
function ofSample(variance: Value, image: Value, graph: OnnxGraph): Value {
  const one = scalar(1, "float32", graph);
  const apply = (op: string, ...inputs: Value[]): Value => graph.apply(op, inputs, "float32");
  const elements = castTo(graph.apply("Size", [image], "int64"), "float32", graph);
  const count = apply("Div", elements, castTo(graph.apply("Size", [variance], "int64"), "float32", graph));
  return apply("Mul", variance, apply("Div", count, apply("Max", apply("Sub", count, one), one)));
}

/** Each value over a power of the squares of those near to it among the channels. */
const localNormalisation: Lowering = (operation, graph) => {
  const size = 2 * operation.integer("depth_radius", 5) + 1;
  const attributes = [
    intAttribute("size", size),
    floatAttribute("alpha", operation.float("alpha", 1) * size),
    floatAttribute("beta", operation.float("beta", 0.5)),
    floatAttribute("bias", operation.float("bias", 1)),
  ];
  return throughChannelsFirst(operation, graph, (image) => graph.apply("LRN", [image], image.dtype, attributes));
};

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
  LRN: localNormalisation,
};
