import { intsAttribute, textAttribute } from "../onnx/attribute.ts";
import type { AttributeProto } from "../onnx/schema.ts";
import { TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from "./layout/axis-order.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Operation } from "./operation.ts";

/** Axes of what an operation slides a window over: images, or volumes, which have depth before height and width. */
function spatialAxes({ node }: Operation): 2 | 3 {
  return node.op.includes("3D") ? 3 : 2;
}

/** {@link TO_CHANNELS_FIRST} and back for volumes. */
const [VOLUME_TO_CHANNELS_FIRST, VOLUME_TO_CHANNELS_LAST] = [
  [0, 4, 1, 2, 3],
  [0, 2, 3, 4, 1],
];

/** Whether the operation's images are batch, channels, height, width; else channels come last. */
function isChannelsFirst(operation: Operation): boolean {
  const [first, last] = spatialAxes(operation) === 3 ? ["NCDHW", "NDHWC"] : ["NCHW", "NHWC"];
  const format = operation.text("data_format", last);
  if (format !== first && format !== last) {
    operation.refuse(`its data format is ${format}`);
  }
  return format === first;
}

/** Which axis of the operation's images, or volumes, their channels are. */
export function channelAxis(operation: Operation): number {
  return isChannelsFirst(operation) ? 1 : spatialAxes(operation) + 1;
}

/**
 * Applies `body`, which works on channels-first images, to an image in the operation's own layout, its first input by default.
 * Transpositions that meet are removed when the graph is done (`layout`).
 */
export function throughChannelsFirst(
  operation: Operation,
  graph: OnnxGraph,
  body: (image: Value) => Value,
  image: Value = operation.input(0),
): Value {
  if (isChannelsFirst(operation)) {
    return body(image);
  }
  const transpose = (value: Value, order: readonly number[]): Value =>
    graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", order)]);
  const [toFirst, toLast] =
    spatialAxes(operation) === 3
      ? [VOLUME_TO_CHANNELS_FIRST, VOLUME_TO_CHANNELS_LAST]
      : [TO_CHANNELS_FIRST, TO_CHANNELS_LAST];
  return transpose(body(transpose(image, toFirst)), toLast);
}

/**
 * Strides, dilations and padding of a sliding window as ONNX attributes.
 * @param kernel sizes of the window, where they are known
 */
export function readWindow(operation: Operation, kernel: readonly number[] | undefined): AttributeProto[] {
  const strides = spatialSizes(operation, "strides");
  const dilations = readDilations(operation);
  const dilated = dilations.some((dilation) => dilation !== 1);
  return [
    intsAttribute("strides", strides),
    ...(dilated ? [intsAttribute("dilations", dilations)] : []),
    ...readPadding(operation, { kernel, strides, dilations, dilated }),
  ];
}

/** How far apart the cells of a window are along each axis. */
export function readDilations(operation: Operation): readonly number[] {
  return spatialSizes(operation, "dilations", Array(spatialAxes(operation) + 2).fill(1));
}

/** Height and width, of volumes depth too, out of an attribute with one number for each of all axes. */
export function spatialSizes(operation: Operation, attribute: string, fallback?: readonly number[]): readonly number[] {
  const sizes = operation.integers(attribute, fallback);
  const first = isChannelsFirst(operation) ? 2 : 1;
  const count = spatialAxes(operation);
  const outer = sizes.filter((_, axis) => axis < first || axis >= first + count);
  if (sizes.length !== count + 2 || outer.some((size) => size !== 1)) {
    operation.refuse(`its ${attribute} do not keep to height and width`);
  }
  return sizes.slice(first, first + count);
}

interface Window {
  readonly kernel: readonly number[] | undefined;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly dilated: boolean;
}

function readPadding(operation: Operation, window: Window): AttributeProto[] {
  const padding = operation.text("padding", "");
  switch (padding) {
    case "VALID":
      return [];
    case "SAME":
      return samePadding(operation, window);
    case "EXPLICIT":
      return [explicitPadding(operation)];
    default:
      return operation.refuse(`its padding is ${JSON.stringify(padding)}`);
  }
}

/** SAME gives as many windows as strides fit into the image, with one more row of padding behind than before. */
function samePadding(operation: Operation, window: Window): AttributeProto[] {
  if (window.kernel?.every((size) => size === 1)) {
    return [];
  }
  return [window.dilated ? dilatedSamePadding(operation, window) : textAttribute("auto_pad", "SAME_UPPER")];
}

/** The engine works SAME out from the image's size only without dilation; with stride 1 the size does not matter. */
function dilatedSamePadding(operation: Operation, { kernel, strides, dilations }: Window): AttributeProto {
  if (kernel === undefined || strides.some((stride) => stride !== 1)) {
    return operation.refuse("it pads a dilated window whose stride is not 1 or whose size is not constant");
  }
  const totals = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1));
  const before = totals.map((total) => Math.floor(total / 2));
  return intsAttribute("pads", [...before, ...totals.map((total, axis) => total - (before[axis] ?? 0))]);
}

/** TensorFlow lists before and after for each of the four axes; ONNX all befores, then all afters, of two. */
function explicitPadding(operation: Operation): AttributeProto {
  const pads = operation.integers("explicit_paddings");
  const first = isChannelsFirst(operation) ? 4 : 2;
  const [top = 0, bottom = 0, left = 0, right = 0] = pads.slice(first, first + 4);
  return intsAttribute("pads", [top, left, bottom, right]);
}
