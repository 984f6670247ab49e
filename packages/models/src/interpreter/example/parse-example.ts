import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { MakeKernel } from "../kernel.ts";
import { readDenseFeatures, readListFeatures } from "./feature-spec.ts";
import { exampleParser } from "./parser.ts";

/** Position of the first key among the inputs, behind the Examples and their names. */
const KEYS_AT = 2;

/** ParseExample: each key is an input of its own. */
export const parseExample: MakeKernel = (operation) => {
  const [sparseKeys, denseKeys] = [operation.integer("Nsparse", 0), operation.integer("Ndense", 0)];
  const denseKeysAt = KEYS_AT + sparseKeys;
  const spec = {
    sparse: readListFeatures(operation, keysAt(operation, KEYS_AT, sparseKeys), "sparse_types"),
    dense: readDenseFeatures(operation, keysAt(operation, denseKeysAt, denseKeys), denseKeysAt + denseKeys),
    ragged: [],
  };
  return exampleParser(operation, spec, "vector");
};

function keysAt(operation: NodeOperation<KnownInput>, start: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const [key, ...others] = operation.constantTexts(start + index);
    return key === undefined || others.length > 0 ? operation.refuse(`its input ${start + index} is not one key`) : key;
  });
}
