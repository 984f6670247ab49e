import { intAttribute, readInt } from "../../onnx/attribute.ts";
import type { AttributeProto } from "../../onnx/schema.ts";
import type { Value } from "../onnx-graph.ts";
import { axisInChannelsFirst, IMAGE_RANK, TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from "./axis-order.ts";
import type { LayoutRule } from "./rule.ts";

/** Images that are joined along an axis. */
const concatenation: LayoutRule = ({ opType, inputs, attributes, outputs: [output] }, forms) => {
  const images = inputs.some((input) => forms.find(input)) ? inputs.map((input) => forms.asImage(input)) : [undefined];
  return output === undefined || images.includes(undefined)
    ? undefined
    : [forms.toLast(forms.graph.apply(opType, images, output.dtype, turnAxis(attributes)))];
};

/** Parts along an axis. */
const split: LayoutRule = ({ opType, inputs: [image, ...others], attributes, outputs }, forms) => {
  const first = forms.find(image);
  const dtypes = outputs.map(({ dtype }) => dtype);
  return (
    first &&
    forms.graph
      .applyToSeveral(opType, [first, ...others], dtypes, turnAxis(attributes))
      .map((part) => forms.toLast(part))
  );
};

function turnAxis(attributes: readonly AttributeProto[]): AttributeProto[] {
  const axis = axisInChannelsFirst(readInt(attributes, "axis") ?? 0);
  return [...attributes.filter(({ name }) => name !== "axis"), intAttribute("axis", axis)];
}

/** Ranges of some axes. */
const slice: LayoutRule = ({ opType, inputs: [image, starts, ends, axes, steps] }, forms) => {
  const [first, cut] = [forms.find(image), axes === undefined ? leadingAxes(starts) : constantAxes(axes)];
  if (first === undefined || cut === undefined) {
    return undefined;
  }
  const turned = forms.graph.integers(cut.map(axisInChannelsFirst));
  return [forms.toLast(forms.graph.apply(opType, [first, starts, ends, turned, steps], first.dtype))];
};

/** Axes from the first one on, as many as there are bounds. */
function leadingAxes(bounds: Value | undefined): number[] | undefined {
  const [count] = bounds?.sizes ?? [];
  return count === undefined || count > IMAGE_RANK ? undefined : Array.from({ length: count }, (_, axis) => axis);
}

function constantAxes(axes: Value | undefined): number[] | undefined {
  const data = axes?.constant?.data;
  const numbers = data instanceof BigInt64Array ? Array.from(data, Number) : undefined;
  return numbers?.every((axis) => axis >= -IMAGE_RANK && axis < IMAGE_RANK) ? numbers : undefined;
}

const padding: LayoutRule = (operation, forms) => {
  const first = forms.find(operation.inputs[0]);
  const padded = first && forms.pad(first, operation);
  return padded && [forms.toLast(padded)];
};

/** One element of each that lie along some axes. */
const reduction: LayoutRule = ({ opType, inputs: [image, axes], attributes, outputs: [output] }, forms) => {
  const [first, reduced] = [forms.find(image), constantAxes(axes)];
  const keeps = readInt(attributes, "keepdims") !== 0;
  if (output === undefined || first === undefined || reduced === undefined || !(keeps || leavesOrder(reduced))) {
    return undefined;
  }
  const turned = forms.graph.integers(reduced.map(axisInChannelsFirst));
  const result = forms.graph.apply(opType, [first, turned], output.dtype, attributes);
  return [keeps ? forms.toLast(result) : result];
};

/** Drops axes of size 1. */
const squeeze: LayoutRule = ({ opType, inputs: [image, axes] }, forms) => {
  const [first, dropped] = [forms.find(image), constantAxes(axes)];
  if (first === undefined || dropped === undefined || !leavesOrder(dropped)) {
    return undefined;
  }
  const turned = forms.graph.integers(dropped.map(axisInChannelsFirst));
  return [forms.graph.apply(opType, [first, turned], first.dtype)];
};

/** Whether the axes that are left when some are dropped come in the same order in both forms. */
function leavesOrder(dropped: readonly number[]): boolean {
  const places = dropped.map((axis) => (axis < 0 ? axis + IMAGE_RANK : axis));
  const left = TO_CHANNELS_FIRST.filter((axis) => !places.includes(axis));
  return left.every((axis, position) => position === 0 || (left[position - 1] as number) < axis);
}

/** Sizes of the axes from one to before another. */
const shape: LayoutRule = ({ inputs: [image], attributes }, forms) => {
  const first = forms.find(image);
  if (first === undefined) {
    return undefined;
  }
  const places = TO_CHANNELS_LAST.slice(readInt(attributes, "start") ?? 0, readInt(attributes, "end"));
  const sizes = forms.graph.apply("Shape", [first], "int64");
  return [forms.graph.apply("Gather", [sizes, forms.graph.integers(places)], "int64")];
};

/** How many elements there are. */
const size: LayoutRule = ({ opType, inputs: [image] }, forms) => {
  const first = forms.find(image);
  return first && [forms.graph.apply(opType, [first], "int64")];
};

/** Rules for operations that go by axes, by ONNX's names. */
export const axisRules: ReadonlyMap<string, LayoutRule> = new Map([
  ["Concat", concatenation],
  ["Pad", padding],
  ["ReduceMax", reduction],
  ["ReduceMean", reduction],
  ["ReduceMin", reduction],
  ["ReduceProd", reduction],
  ["ReduceSum", reduction],
  ["Shape", shape],
  ["Size", size],
  ["Slice", slice],
  ["Split", split],
  ["Squeeze", squeeze],
]);
