import { asInt64, castTo, sizesOf } from "./convert.ts";
import { failWhere } from "./fail-where.ts";
import type { GraphBody } from "./graph-operation.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering } from "./operation.ts";
import { hasElements, isEmpty } from "./without-elements.ts";

/** The largest numbers of each row, and where they are. */
type Top = readonly [values: Value, places: Value];

/** The largest of each row, in order, and where they are. */
const largest: Lowering = (operation, graph) => {
  const [value, count] = [operation.input(0), asInt64(operation.input(1), graph)];
  const k = graph.apply("Reshape", [count, graph.integers([1])], "int64");
  const [values, places] = hasElements(value) ? topOfRows(value, k, graph) : topOfAny(value, k, graph);
  return [values, castTo(places, operation.type("index_type", "int32"), graph)];
};

function topOfRows(value: Value, k: Value, graph: OnnxGraph): Top {
  const [values, places] = graph.applyToSeveral("TopK", [value, k], [value.dtype, "int64"]);
  return [values as Value, places as Value];
}

/** The engine's operation (onnxruntime 1.30) ends the process where there are no rows: then there is nothing to put in order. */
function topOfAny(value: Value, k: Value, graph: OnnxGraph): Top {
  const branches = {
    then_branch: branch(graph, (inner) => topOfNone(value, k, inner)),
    else_branch: branch(graph, (inner) => topOfRows(value, k, inner)),
  };
  const outputs = [{ dtype: value.dtype }, { dtype: "int64" }] as const;
  const [values, places] = graph.applyWithBodies("If", [isEmpty(value, graph)], branches, outputs);
  return [values as Value, places as Value];
}

function topOfNone(value: Value, k: Value, graph: OnnxGraph): Top {
  const isBeyond = graph.apply("Greater", [k, sizesOf(value, graph, -1)], "bool");
  const end = failWhere([isBeyond], k, graph);
  const values = graph.apply("Slice", [value, graph.integers([0]), end, graph.integers([-1])], value.dtype);
  return [values, castTo(values, "int64", graph)];
}

function branch(graph: OnnxGraph, add: (inner: OnnxGraph) => readonly Value[]): GraphBody {
  const inner = graph.body();
  return { graph: inner, inputs: [], outputs: add(inner) };
}

/** Operations that put the numbers of rows in order. */
export const topLowerings: Readonly<Record<string, Lowering>> = {
  TopKV2: largest,
};
