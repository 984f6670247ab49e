import { intAttribute, intsAttribute } from "../../onnx/attribute.ts";
import { castTo, sizesOf, zeroOf } from "../convert.ts";
import type { GraphBody } from "../graph-operation.ts";
import type { Sizes } from "../infer-sizes.ts";
import type { OnnxGraph, Value } from "../onnx-graph.ts";
import type { Cell, Weights } from "./recognise-cell.ts";

/** Numbers of gates. */
const GATES = { LSTM: 4, GRU: 3 };
/**
 * Sum of all magnitudes up to which nothing in a layer can overflow: a product of two is far below the largest float. The
 * engine's operations make numbers of infinities, and of what is none.
 */
const MAX_MAGNITUDE = 1e15;

/** A loop that has been recognised. */
export interface RecognisedLoop {
  readonly cell: Cell;
  /** How many turns it is to take: one number. */
  readonly turns: Value;
  /** First values of its variables. */
  readonly first: readonly Value[];
  /** Number of lists that it fills with its output. */
  readonly lists: number;
  /** Adds the loop itself to a graph; gives last values of its variables, then the rows of its lists. */
  readonly run: (graph: OnnxGraph) => readonly Value[];
}

/**
 * A recurrent layer by ONNX's own operation, which takes a fraction of the loop's time. Where it would give anything else, or end
 * the process (onnxruntime 1.30, for no steps or an empty batch), the loop is run: for numbers that are not finite or huge, and
 * states or rows of other sizes than the layer's. An empty batch, of which any number of steps costs its sender nothing, takes no turns.
 * @returns what the loop gives; undefined when too little is known of its sizes
 */
export function lowerCell(loop: RecognisedLoop, graph: OnnxGraph): Value[] | undefined {
  const { cell, first } = loop;
  if (!hasSizesOfCell(cell, first)) {
    return undefined;
  }
  const weights = layerWeights(cell, graph);
  const sizes = outputSizes(loop);
  const fits = isForLayer(loop, graph);
  const choose = (inner: OnnxGraph, condition: Value, then: Branch, otherwise: Branch): Value[] => {
    const branches = { then_branch: branch(inner, then), else_branch: branch(inner, otherwise) };
    const results = sizes.map((of) => ({ dtype: "float32" as const, sizes: of }));
    return inner.applyWithBodies("If", [condition], branches, results);
  };
  return choose(
    graph,
    fits,
    (inner) => lowerLayer(loop, weights, inner),
    (other) => choose(other, isEmptyBatch(loop, other), (inner) => lowerEmptyBatch(loop, inner), loop.run),
  );
}

type Branch = (inner: OnnxGraph) => readonly Value[];

function branch(graph: OnnxGraph, add: Branch): GraphBody {
  const inner = graph.body();
  return { graph: inner, inputs: [], outputs: add(inner) };
}

function hasSizesOfCell({ kind, units, rows, kernel, recurrent, ...cell }: Cell, first: readonly Value[]): boolean {
  const width = GATES[kind] * units;
  const [features = 0, kernelWidth] = kernel.value.shape ?? [];
  const biases = [...cell.inputBiases, ...cell.stateBiases];
  return (
    rows.dtype === "float32" &&
    features > 0 &&
    rows.sizes?.length === 3 &&
    rows.sizes[2] === features &&
    kernelWidth === width &&
    recurrent.value.shape?.join() === [units, width].join() &&
    biases.every((bias) => bias.sizes?.join() === `${width}`) &&
    first.every((state) => state.sizes?.length === 2 && state.sizes[1] === units)
  );
}

function outputSizes({ cell: { units }, first, lists }: RecognisedLoop): Sizes[] {
  const rows = Array.from({ length: lists }, (): Sizes => [undefined, undefined, units]);
  return [...first.map((): Sizes => [undefined, units]), ...rows];
}

/** Whether all rows are taken, there are some, the states are as many as they are, and all numbers are of modest size. */
function isForLayer({ cell, turns, first }: RecognisedLoop, graph: OnnxGraph): Value {
  const states = [...new Set(first)];
  const expected = graph.apply(
    "Gather",
    [sizesOf(cell.rows, graph), graph.integers([0, ...states.map(() => 1)])],
    "int64",
  );
  const actual = join([vector(turns, graph), ...states.map((state) => sizesOf(state, graph, 0, 1))], graph);
  const same = graph.apply("Equal", [expected, actual], "bool");
  const counted = graph.apply("Where", [same, expected, graph.integers([0])], "int64");
  const smallest = graph.apply("ReduceMin", [counted], "int64", [intAttribute("keepdims", 0)]);
  const some = graph.apply("Greater", [smallest, whole(0, graph)], "bool");
  const { kernel, recurrent, inputBiases, stateBiases } = cell;
  const all = [cell.rows, ...states, kernel.value, recurrent.value, ...inputBiases, ...stateBiases];
  const magnitudes = all.map((value) => graph.apply("ReduceL1", [value], "float32", [intAttribute("keepdims", 0)]));
  const limit = graph.constant({ dtype: "float32", shape: [], data: Float32Array.of(MAX_MAGNITUDE) });
  const modest = graph.apply("Less", [graph.apply("Sum", magnitudes, "float32"), limit], "bool");
  return graph.apply("And", [some, modest], "bool");
}

/** Whether the batch is empty, there are as many rows as turns, at least one, and the states go with an empty batch. */
function isEmptyBatch({ cell, turns, first }: RecognisedLoop, graph: OnnxGraph): Value {
  const states = first.map((state) => sizesOf(state, graph, 0, 1));
  const [steps, batch] = [sizesOf(cell.rows, graph, 0, 1), sizesOf(cell.rows, graph, 1, 2)];
  const sizes = join([vector(turns, graph), batch, ...states], graph);
  const least = graph.integers([1, 0, ...states.map(() => 0)]);
  const most = join([steps, graph.integers([0, ...states.map(() => 1)])], graph);
  const inside = graph.apply(
    "And",
    [graph.apply("LessOrEqual", [least, sizes], "bool"), graph.apply("LessOrEqual", [sizes, most], "bool")],
    "bool",
  );
  const all = graph.apply("ReduceMin", [castTo(inside, "int64", graph)], "int64", [intAttribute("keepdims", 0)]);
  return graph.apply("Greater", [all, whole(0, graph)], "bool");
}

/** States without rows, also where the first had one that would go with any batch, and as many empty rows as turns. */
function lowerEmptyBatch({ cell: { units }, turns, first, lists }: RecognisedLoop, graph: OnnxGraph): Value[] {
  const zero = graph.integers([0]);
  const shape = join([vector(turns, graph), graph.integers([0, units])], graph);
  return [
    ...first.map((state) => graph.apply("Slice", [state, zero, zero, zero], "float32")),
    ...Array.from({ length: lists }, () => graph.apply("Expand", [zeroOf("float32", graph), shape], "float32")),
  ];
}

/** Weights as ONNX's operations take them, gates along the second axis; the engine works them out when it loads the model. */
function layerWeights({ kind, units, kernel, recurrent, inputBiases, stateBiases }: Cell, graph: OnnxGraph): Value[] {
  const count = GATES[kind];
  const matrix = ({ value, order }: Weights): Value => {
    const turned = graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", [1, 0])]);
    const rows = value.shape?.[0] ?? 0;
    return reshape(inOrder(turned, order, [count, units, rows], graph), [1, count * units, rows], graph);
  };
  const bias = (vectors: readonly Value[], { order }: Weights): Value => {
    const zeros = new Float32Array(count * units);
    const none = (): Value => graph.constant({ dtype: "float32", shape: [zeros.length], data: zeros });
    const sum = vectors.length === 0 ? none() : graph.apply("Sum", vectors, "float32");
    return reshape(inOrder(sum, order, [count, units], graph), [1, count * units], graph);
  };
  const [input, state] = [bias(inputBiases, kernel), bias(stateBiases, recurrent)];
  const biases = graph.apply("Concat", [input, state], "float32", [intAttribute("axis", 1)]);
  return [matrix(kernel), matrix(recurrent), biases];
}

/** Brings parts along the first axis into another order. @param shape of all parts, their number first */
function inOrder(value: Value, order: readonly number[], shape: readonly number[], graph: OnnxGraph): Value {
  return graph.apply("Gather", [reshape(value, shape, graph), graph.integers(order)], value.dtype);
}

function lowerLayer({ cell, first, lists }: RecognisedLoop, weights: readonly Value[], graph: OnnxGraph): Value[] {
  const states = cell.states.map((place) => graph.apply("Unsqueeze", [first[place], graph.integers([0])], "float32"));
  const attributes = [intAttribute("hidden_size", cell.units)];
  const [all, ...last] = graph.applyToSeveral(
    cell.kind,
    [cell.rows, ...weights, undefined, ...states],
    ["float32", ...cell.states.map(() => "float32" as const)],
    cell.kind === "GRU" ? [...attributes, intAttribute("linear_before_reset", 1)] : attributes,
  );
  const without = (axis: number, value: Value | undefined): Value =>
    graph.apply("Squeeze", [value, graph.integers([axis])], "float32");
  const ends = first.map((_, place) => without(0, last[cell.states.indexOf(place)]));
  return [...ends, ...Array.from({ length: lists }, () => without(1, all))];
}

function reshape(value: Value, shape: readonly number[], graph: OnnxGraph): Value {
  return graph.apply("Reshape", [value, graph.integers(shape)], value.dtype);
}

function vector(scalar: Value, graph: OnnxGraph): Value {
  return reshape(scalar, [1], graph);
}

function join(vectors: readonly Value[], graph: OnnxGraph): Value {
  return graph.apply("Concat", vectors, "int64", [intAttribute("axis", 0)]);
}

function whole(value: number, graph: OnnxGraph): Value {
  return graph.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) });
}
