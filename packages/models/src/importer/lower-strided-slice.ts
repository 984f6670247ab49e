import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Stands for "to the end of the axis": ONNX cuts larger bounds off. */
const BEYOND = Number.MAX_SAFE_INTEGER;

/** One entry of the specification, such as `2:5`, an index, an ellipsis or a new axis. */
interface Entry {
  readonly kind: "ellipsis" | "new-axis" | "index" | "range";
  readonly begin: number;
  readonly end: number;
  readonly stride: number;
}

/** Slicing with numpy's rules, with constant bounds: ranges first, then dropped axes, then new axes. */
const stridedSlice: Lowering = (operation, graph) => {
  const entries = readEntries(operation);
  const sliced = applyRanges(operation.input(0), entries, graph);
  const dropped = changeAxes("Squeeze", sliced, inputAxes(entries, "index"), graph);
  return changeAxes("Unsqueeze", dropped, outputAxes(entries, "new-axis"), graph);
};

function readEntries(operation: Operation): Entry[] {
  const [begins = [], ends = [], strides = []] = [1, 2, 3].map((input) => operation.constantIntegers(input));
  return begins.map((begin, position) => {
    const mask = (name: string): boolean => ((operation.integer(name, 0) >> position) & 1) === 1;
    if (mask("ellipsis_mask")) {
      return { kind: "ellipsis", begin: 0, end: 0, stride: 1 };
    }
    if (mask("new_axis_mask")) {
      return { kind: "new-axis", begin: 0, end: 0, stride: 1 };
    }
    if (mask("shrink_axis_mask")) {
      return { kind: "index", begin, end: begin === -1 ? BEYOND : begin + 1, stride: 1 };
    }
    const open = wholeAxis(strides[position] ?? 1);
    return {
      ...open,
      begin: mask("begin_mask") ? open.begin : begin,
      end: mask("end_mask") ? open.end : (ends[position] ?? open.end),
    };
  });
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
    cut.map(({ end }) => end),
    cut.map(({ axis }) => axis),
    cut.map(({ stride }) => stride),
  ];
  return graph.apply("Slice", [value, ...bounds.map((numbers) => graph.integers(numbers))], value.dtype);
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
