import { intAttribute } from "../onnx/attribute.ts";
import { asInt64, sizesOf } from "./convert.ts";
import { isBelow } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Stands for "to the end of the axis": ONNX cuts larger bounds off. */
const BEYOND = Number.MAX_SAFE_INTEGER;

/** Where a range begins or ends: a number, or a vector of one that is computed. */
type Bound = number | Value;

/** One entry of the specification, such as `2:5`, an index, an ellipsis or a new axis. */
interface Entry {
  readonly kind: "ellipsis" | "new-axis" | "index" | "range";
  readonly begin: Bound;
  readonly end: Bound;
  readonly stride: number;
}

/** Slicing with numpy's rules, with constant strides: ranges first, then dropped axes, then new axes. */
const stridedSlice: Lowering = (operation, graph) => {
  const entries = readEntries(operation, graph);
  const sliced = applyRanges(operation.input(0), entries, graph);
  const dropped = changeAxes("Squeeze", sliced, inputAxes(entries, "index"), graph);
  return changeAxes("Unsqueeze", dropped, outputAxes(entries, "new-axis"), graph);
};

function readEntries(operation: Operation, graph: OnnxGraph): Entry[] {
  const strides = operation.constantIntegers(3);
  const [begins = [], ends = []] = [1, 2].map((input) => readBounds(operation, input, strides.length, graph));
  return begins.map((begin, position) => {
    const mask = (name: string): boolean => ((operation.integer(name, 0) >> position) & 1) === 1;
    if (mask("ellipsis_mask")) {
      return { kind: "ellipsis", begin: 0, end: 0, stride: 1 };
    }
    if (mask("new_axis_mask")) {
      return { kind: "new-axis", begin: 0, end: 0, stride: 1 };
    }
    if (mask("shrink_axis_mask")) {
      return { kind: "index", begin, end: behind(begin, graph), stride: 1 };
    }
    const open = wholeAxis(strides[position] ?? 1);
    return {
      ...open,
      begin: mask("begin_mask") ? open.begin : begin,
      end: mask("end_mask") ? open.end : (ends[position] ?? open.end),
    };
  });
}

/** Bounds of all entries, which are computed where the input is no constant. */
function readBounds(operation: Operation, position: number, count: number, graph: OnnxGraph): readonly Bound[] {
  const input = operation.input(position);
  if (input.constant !== undefined) {
    return operation.constantIntegers(position);
  }
  const bounds = asInt64(input, graph);
  return Array.from({ length: count }, (_, entry) => graph.apply("Gather", [bounds, graph.integers([entry])], "int64"));
}

/** Where the range ends that holds one index only. Behind the last index, -1, is the end of the axis. */
function behind(index: Bound, graph: OnnxGraph): Bound {
  if (typeof index === "number") {
    return index === -1 ? BEYOND : index + 1;
  }
  const isLast = graph.apply("Equal", [index, graph.integers([-1])], "bool");
  const next = graph.apply("Add", [index, graph.integers([1])], "int64");
  return graph.apply("Where", [isLast, graph.integers([BEYOND]), next], "int64");
}

/** From one end of an axis to the other, in the direction of the stride. */
function wholeAxis(stride: number): Entry {
  return stride > 0
    ? { kind: "range", begin: 0, end: BEYOND, stride }
    : { kind: "range", begin: BEYOND, end: -BEYOND, stride };
}

function applyRanges(value: Value, entries: readonly Entry[], graph: OnnxGraph): Value {
  const axes = axesOf(entries, consumesInput);
  const cut = entries
    .map((entry, position) => ({ ...entry, axis: axes[position] ?? 0 }))
    .filter((entry) => consumesInput(entry) && !(entry.begin === 0 && entry.end === BEYOND && entry.stride === 1));
  if (cut.length === 0) {
    return value;
  }
  const bounds = [
    cut.map(({ begin }) => begin),
    cut.map((entry) => endOf(entry, value, graph)),
    cut.map(({ axis }) => axis),
    cut.map(({ stride }) => stride),
  ];
  return graph.apply("Slice", [value, ...bounds.map((numbers) => joinBounds(numbers, graph))], value.dtype);
}

/**
 * Where a range ends. A backward one that begins before the axis has nothing in TensorFlow, where ONNX begins at the first
 * element; it ends behind the axis then, and so has nothing either.
 */
function endOf({ begin, end, stride, axis }: Entry & { readonly axis: number }, value: Value, graph: OnnxGraph): Bound {
  if (stride > 0 || (typeof begin === "number" && begin >= -1)) {
    return end;
  }
  const size = sizesOf(value, graph, axis, axis === -1 ? undefined : axis + 1);
  const [from, to] = [begin, end].map((bound) => (typeof bound === "number" ? graph.integers([bound]) : bound));
  const isBefore = isBelow(graph.apply("Add", [from, size], "int64"), 0, graph);
  return graph.apply("Where", [isBefore, graph.integers([BEYOND]), to], "int64");
}

function joinBounds(bounds: readonly Bound[], graph: OnnxGraph): Value {
  const numbers = bounds.filter((bound) => typeof bound === "number");
  if (numbers.length === bounds.length) {
    return graph.integers(numbers);
  }
  const vectors = bounds.map((bound) => (typeof bound === "number" ? graph.integers([bound]) : bound));
  return graph.apply("Concat", vectors, "int64", [intAttribute("axis", 0)]);
}

function changeAxes(opType: "Squeeze" | "Unsqueeze", value: Value, axes: readonly number[], graph: OnnxGraph): Value {
  return axes.length === 0 ? value : graph.apply(opType, [value, graph.integers(axes)], value.dtype);
}

function inputAxes(entries: readonly Entry[], kind: Entry["kind"]): number[] {
  const axes = axesOf(entries, consumesInput);
  return axes.filter((_, position) => entries[position]?.kind === kind);
}

function outputAxes(entries: readonly Entry[], kind: Entry["kind"]): number[] {
  const axes = axesOf(entries, (entry) => entry.kind === "range" || entry.kind === "new-axis");
  return axes.filter((_, position) => entries[position]?.kind === kind);
}

function consumesInput({ kind }: Entry): boolean {
  return kind === "index" || kind === "range";
}

/**
 * Axis of each entry, among the axes of the entries that `counts` holds for: from the front before the ellipsis and from
 * the back behind it, so that the number of axes the ellipsis stands for need not be known.
 */
function axesOf(entries: readonly Entry[], counts: (entry: Entry) => boolean): number[] {
  const ellipsis = entries.findIndex(({ kind }) => kind === "ellipsis");
  return entries.map((_, position) =>
    ellipsis >= 0 && position > ellipsis
      ? -entries.slice(position).filter(counts).length
      : entries.slice(0, position).filter(counts).length,
  );
}

/** Slices. */
export const stridedSliceLowerings: Readonly<Record<string, Lowering>> = { StridedSlice: stridedSlice };
