import { graphAttribute } from "../onnx/attribute.ts";
import { GraphProto, type NodeProto } from "../onnx/schema.ts";
import { makeNode, makeValueInfo } from "../onnx/write.ts";
import type { GraphBody, GraphOperation, Value } from "./graph-operation.ts";

/** Values that a body does not make itself. */
export function takenByBody({ graph, inputs, outputs }: GraphBody): Value[] {
  const { operations } = graph;
  const own = new Set<Value | undefined>([...inputs, ...operations.flatMap((operation) => operation.outputs)]);
  const used = [...operations.flatMap((operation) => operation.inputs), ...outputs];
  return used.filter((value) => value !== undefined && !own.has(value)) as Value[];
}

/** @param rename what has become of the names of values around it */
export function encodeOperation(operation: GraphOperation, rename: (name: string) => string): NodeProto {
  const { opType, inputs, attributes, outputs, bodies = {}, taken = [] } = operation;
  const names = inputs.map((input) => (input === undefined ? "" : rename(input.name)));
  const own = names.length - taken.length;
  const current = new Map(taken.map(({ name }, position) => [name, names[own + position] ?? name]));
  const inside = (name: string): string => current.get(name) ?? rename(name);
  const graphs = Object.entries(bodies).map(([name, body]) => graphAttribute(name, encodeBody(body, inside)));
  const results = outputs.map(({ name }) => name);
  return makeNode(opType, names.slice(0, own), results, [...attributes, ...graphs]);
}

/** A value from around a body cannot be its output, nor can one value be two of them: each is copied. */
function encodeBody({ graph, inputs, outputs }: GraphBody, rename: (name: string) => string): GraphProto {
  const names = outputs.map(() => graph.nextName());
  const copies = outputs.map(({ name }, position) => makeNode("Identity", [rename(name)], [names[position] ?? ""]));
  return GraphProto.create({
    name: "body",
    node: [...graph.operations.map((operation) => encodeOperation(operation, rename)), ...copies],
    input: inputs.map(({ name, dtype, sizes }) =>
      makeValueInfo(
        name,
        dtype,
        sizes?.map((size) => size ?? -1),
      ),
    ),
    output: outputs.map(({ dtype }, position) => makeValueInfo(names[position] ?? "", dtype)),
  });
}
