import { type DataType, dataTypeFromNumber } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphLibrary } from "../saved-model/graph-library.ts";
import { tensorKey } from "../saved-model/tensor-reference.ts";
import type { Signature } from "../signature.ts";

/** A tensor whose value comes from the caller. */
export interface FedTensor {
  /** Node and output, such as `x:0`. */
  readonly tensor: string;
  readonly dtype: DataType;
  /** The shape that the signature declares, -1 for a dimension of any size; undefined for unknown rank. */
  readonly declared: readonly number[] | undefined;
}

/** Attribute that holds the output type, for the operations that signatures usually feed. */
const typeAttributes: ReadonlyMap<string, string> = new Map([
  ["Placeholder", "dtype"],
  ["PlaceholderWithDefault", "dtype"],
  ["Identity", "T"],
]);

/** The tensors that a signature feeds, each once, in the order by which TensorFlow numbers the arguments of a graph. */
export function findFedTensors(library: GraphLibrary, { inputs }: Signature): FedTensor[] {
  const declared = new Map([...inputs.values()].map(({ tensorName, dtype }) => [tensorKey(tensorName), dtype]));
  const shapes = new Map([...inputs.values()].map(({ tensorName, shape }) => [tensorKey(tensorName), shape]));
  return [...declared.keys()]
    .sort()
    .map((tensor) => ({ tensor, dtype: fedType(library, tensor, declared), declared: shapes.get(tensor) }));
}

/** Type of a fed tensor. The graph is asked first: signatures of older files are known to declare false types. */
function fedType(library: GraphLibrary, tensor: string, declared: ReadonlyMap<string, DataType>): DataType {
  const [name = "", output] = tensor.split(":");
  const node = output === "0" ? library.nodes.get(name) : undefined;
  const number = node?.attr.get(typeAttributes.get(node.op) ?? "")?.type;
  const dtype = (number === undefined ? undefined : dataTypeFromNumber(number)) ?? declared.get(tensor);
  if (dtype === undefined) {
    throw new ModelError("unsupported-type", `tensor ${JSON.stringify(tensor)} has no type that is known`);
  }
  return dtype;
}
