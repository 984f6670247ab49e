import { intAttribute } from "../onnx/attribute.ts";
import { sizesOf } from "./convert.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** A shape with -1 for an axis of any size. */
type Shape = readonly number[];

/**
 * The value, whose axes are sure to have sizes; the run fails when they do not. Each size that is not known before is compared
 * by itself: the number of elements is only right when it is.
 */
export function expectSizes(value: Value, shape: Shape, graph: OnnxGraph): Value {
  return shape.reduce((known, size, axis) => {
    if (size < 0 || known.sizes?.[axis] === size) {
      return known;
    }
    const parts = shape.map((_, at) => (at === axis ? graph.integers([size]) : sizesOf(known, graph, at, at + 1)));
    return reshape(
      known,
      parts,
      shape.map((_, at) => (at === axis ? size : known.sizes?.[at])),
      graph,
    );
  }, value);
}

/** Entry of a value along its first axis; the run fails when there is none at the index, which is not negative. */
export function rowAt(rows: Value, index: Value, graph: OnnxGraph): Value {
  return graph.apply("Gather", [rows, index], rows.dtype);
}

/**
 * The elements of a list as one tensor, as TensorListStack gives them: when there are none their shape has to be known.
 * @param rows the elements
 * @param count how many there have to be; -1 for any number
 * @param shape of an element; undefined for one of any rank
 */
export function stackRows(rows: Value, count: number, shape: Shape | undefined, graph: OnnxGraph): Value {
  const known = expectSizes(rows, [count, ...(shape ?? [])], graph);
  const length = sizesOf(rows, graph, 0, 1);
  if (shape?.every((size) => size >= 0) === true) {
    return reshape(known, [length, graph.integers(shape)], [known.sizes?.[0], ...shape], graph);
  }
  const zero = graph.apply(
    "Gather",
    [graph.apply("Expand", [graph.integers([0]), length], "int64"), graph.integers([0])],
    "int64",
  );
  const some = graph.apply("Add", [length, zero], "int64");
  return reshape(known, [some, sizesOf(known, graph, 1)], known.sizes, graph);
}

function reshape(value: Value, parts: readonly Value[], sizes: Value["sizes"], graph: OnnxGraph): Value {
  const target = graph.apply("Concat", parts, "int64", [intAttribute("axis", 0)]);
  return graph.apply("Reshape", [value, target], value.dtype, [intAttribute("allowzero", 1)], sizes);
}
