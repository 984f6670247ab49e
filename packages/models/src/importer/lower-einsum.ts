import { intAttribute, intsAttribute, textAttribute } from "../onnx/attribute.ts";
import { sizesOf } from "./convert.ts";
import { isFloat } from "./lower-elementwise.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering } from "./operation.ts";
import { expectElements } from "./without-elements.ts";

/**
 * Sums of products by labels of axes. Labels that the output repeats, or that one input does, are not ONNX's. Of two inputs the
 * sum is a product of matrices, where each label stands in two places: the engine's own operation for sums by labels (onnxruntime 1.30) ends
 * the process for some inputs without elements, so that it is given none.
 */
export const einsum: Lowering = (operation, graph) => {
  const equation = operation.text("equation", "").replaceAll(" ", "");
  const { dtype } = operation.input(0);
  const parts = equation.split(/,|->/);
  const isPlain = /^[a-zA-Z.,]*->[a-zA-Z.]*$/.test(equation);
  if (!isPlain || !isFloat(dtype) || parts.some((part) => /([a-zA-Z]).*\1/.test(part))) {
    operation.refuse(`its equation is ${JSON.stringify(equation)} on ${dtype}`);
  }
  const [a = "", b = "", result = ""] = parts;
  if (operation.inputs.length === 2 && isProduct(a, b, result)) {
    const factors = [
      { value: operation.input(0), labels: a },
      { value: operation.input(1), labels: b },
    ] as const;
    return multiply(ownFirst(a, b, result) ? factors : [factors[1], factors[0]], result, graph);
  }
  const inputs = operation.inputs.map((value) => expectElements(value, graph));
  return graph.apply("Einsum", inputs, dtype, [textAttribute("equation", equation)]);
};

/** A value with a label for each of its axes. */
interface Factor {
  readonly value: Value;
  readonly labels: string;
}

/** Whether each label stands in two of the three places at least, which no dots do. */
function isProduct(a: string, b: string, result: string): boolean {
  const labels = Array.from(`${a}${b}${result}`);
  return labels.every((label) => label !== "." && labels.indexOf(label) !== labels.lastIndexOf(label));
}

/** Whether of the labels that one input alone shares with the result, the first input's come first there. */
function ownFirst(a: string, b: string, result: string): boolean {
  const own = Array.from(result).find((label) => a.includes(label) !== b.includes(label));
  return own === undefined || a.includes(own);
}

/** Labels of axes that are stacks of both factors, rows of the left one, columns of the right one, or summed over. */
interface Roles {
  readonly stack: string;
  readonly rows: string;
  readonly columns: string;
  readonly summed: string;
}

function multiply(factors: readonly [Factor, Factor], result: string, graph: OnnxGraph): Value {
  const [left, right] = factors;
  const pick = (labels: string, inLeft: boolean, inRight: boolean): string =>
    Array.from(labels)
      .filter((l) => left.labels.includes(l) === inLeft && right.labels.includes(l) === inRight)
      .join("");
  const stack = pick(result, true, true);
  const [rows, columns] = [pick(result, true, false), pick(result, false, true)];
  const summed = Array.from(left.labels)
    .filter((label) => !result.includes(label))
    .join("");
  const a = arrange(left, `${stack}${rows}${summed}`, graph);
  const b = arrange(right, `${stack}${summed}${columns}`, graph);
  const value = multiplyStacks(a, b, { stack, rows, columns, summed }, graph);
  return arrange({ value, labels: `${stack}${rows}${columns}` }, result, graph);
}

/** The product of stacks of matrices. What is not one axis of rows, of columns or to sum over is made one. */
function multiplyStacks(a: Value, b: Value, { stack, rows, columns, summed }: Roles, graph: OnnxGraph): Value {
  if (columns.length === 1 && summed.length === 1 && (rows.length === 1 || (rows.length > 1 && stack === ""))) {
    return graph.apply("MatMul", [a, b], a.dtype);
  }
  const [first, behind] = [stack.length, stack.length + rows.length];
  const [stacks, allRows] = [sizesOf(a, graph, 0, first), sizesOf(a, graph, first, behind)];
  const between = stack.length + summed.length;
  const allColumns = sizesOf(b, graph, between);
  const left = inShape(a, [stacks, product(allRows, graph), product(sizesOf(a, graph, behind), graph)], graph);
  const right = inShape(
    b,
    [stacks, product(sizesOf(b, graph, first, between), graph), product(allColumns, graph)],
    graph,
  );
  const multiplied = graph.apply("MatMul", [left, right], a.dtype);
  const sizes = a.sizes && b.sizes && [...a.sizes.slice(0, behind), ...b.sizes.slice(between)];
  return inShape(multiplied, [stacks, allRows, allColumns], graph, sizes);
}

/** The number of elements that sizes make, 1 for no sizes. */
function product(sizes: Value, graph: OnnxGraph): Value {
  return graph.apply("ReduceProd", [sizes], "int64", [intAttribute("keepdims", 1)]);
}

function inShape(value: Value, sizes: readonly Value[], graph: OnnxGraph, known?: Value["sizes"]): Value {
  const shape = graph.apply("Concat", sizes, "int64", [intAttribute("axis", 0)]);
  return graph.apply("Reshape", [value, shape], value.dtype, [intAttribute("allowzero", 1)], known);
}

/** Brings axes into another order of their labels. */
function arrange({ value, labels }: Factor, order: string, graph: OnnxGraph): Value {
  const axes = Array.from(order).map((label) => labels.indexOf(label));
  return labels === order ? value : graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", axes)]);
}
