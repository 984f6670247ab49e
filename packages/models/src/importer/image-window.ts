import { intsAttribute, textAttribute } from "../onnx/attribute.ts";
import type { AttributeProto } from "../onnx/schema.ts";
import { TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from "./layout/axis-order.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Operation } from "./operation.ts";

/** Whether the operation's images are batch, channels, height, width; else channels come last. */
function isChannelsFirst(operation: Operation): boolean {
  const format = operation.text("data_format", "NHWC");
  if (format !== "NCHW" && format !== "NHWC") {
    operation.refuse(`its data format is ${format}`);
  }
  return format === "NCHW";
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
  return transpose(body(transpose(image, TO_CHANNELS_FIRST)), TO_CHANNELS_LAST);
}

/**
 * Strides, dilations and padding of a sliding window as ONNX attributes.
 * @param kernel height and width of the window, where they are known
 */
export function readWindow(operation: Operation, kernel: readonly number[] | undefined): AttributeProto[] {
  const strides = spatialSizes(operation, "strides");
  const dilations = spatialSizes(operation, "dilations", [1, 1, 1, 1]);
  const dilated = dilations.some((dilation) => dilation !== 1);
  return [
    intsAttribute("strides", strides),
    ...(dilated ? [intsAttribute("dilations", dilations)] : []),
    ...readPadding(operation, { kernel, strides, dilations, dilated }),
  ];
}

/** Height and width out of an attribute with one number for each of the four axes. */
export function spatialSizes(operation: Operation, attribute: string, fallback?: readonly number[]): readonly number[] {
  const sizes = operation.integers(attribute, fallback);
  const first = isChannelsFirst(operation) ? 2 : 1;
  const outer = sizes.filter((_, axis) => axis < first || axis >= first + 2);
  if (sizes.length !== 4 || outer.some((size) => size !== 1)) {
    operation.refuse(`its ${attribute} do not keep to height and width`);
  }
  return sizes.slice(first, first + 2);
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
