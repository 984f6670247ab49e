import { isNumberData, type Tensor } from "@sealserve/protocol";

import type { NodeOperation } from "../saved-model/node-operation.ts";
import { variableIdentity } from "../saved-model/variables.ts";
import type { FindVariable, Origin, Resources } from "./origin.ts";

/** Finds the origin of an operation's one output, which takes no step of its own. */
type StaticOperation = (operation: NodeOperation<Origin>, resources: Resources) => Origin;

const constant: StaticOperation = (operation) => {
  const tensor = ownTensor(operation.tensor("value"));
  return { kind: "constant", dtype: tensor.dtype, constant: tensor };
};

/** Strings are read as views into the model's file, which is overwritten once the model is loaded. */
function ownTensor(tensor: Tensor): Tensor {
  const { data } = tensor;
  return isNumberData(data) ? tensor : { ...tensor, data: data.map((string) => string.slice()) };
}

const passOn: StaticOperation = (operation) => operation.input(0);

const unfed: StaticOperation = (operation) => operation.refuse("the signature does not feed it");

/** A variable of TensorFlow 1: the operation itself gives the value. */
const variable: StaticOperation = (operation, { findVariable }) =>
  valueOfVariable(operation, variableIdentity(operation.node), findVariable);

/** A variable of TensorFlow 2: the operation gives a handle, which another one reads. */
const variableHandle: StaticOperation = (operation) => ({
  kind: "handle",
  dtype: "resource",
  identity: variableIdentity(operation.node),
});

const readHandle: StaticOperation = (operation, { findVariable }) => {
  const handle = operation.input(0);
  return handle.kind === "handle"
    ? valueOfVariable(operation, handle.identity, findVariable)
    : operation.refuse("its input is not a variable");
};

function valueOfVariable(operation: NodeOperation<Origin>, identity: string, findVariable: FindVariable): Origin {
  return findVariable(identity) ?? operation.refuse("its variable is not restored from the checkpoint");
}

const tableHandle: StaticOperation = (operation, { findTable }) => ({
  kind: "table",
  dtype: "resource",
  table:
    findTable(variableIdentity(operation.node)) ?? operation.refuse("its table is not filled when the model is loaded"),
});

/** How many keys a table has. */
const tableSize: StaticOperation = (operation) => {
  const handle = operation.input(0);
  const size = handle.kind === "table" ? handle.table.size : operation.refuse("its input is not a table");
  return {
    kind: "constant",
    dtype: "int64",
    constant: { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(size)) },
  };
};

/** Whether a variable has a value: one that is not restored is refused. */
const isInitialised: StaticOperation = (operation, { findVariable }) => {
  const handle = operation.input(0);
  if (handle.kind !== "variable" && (handle.kind !== "handle" || findVariable(handle.identity) === undefined)) {
    operation.refuse("its variable is not restored from the checkpoint");
  }
  return { kind: "constant", dtype: "bool", constant: { dtype: "bool", shape: [], data: Uint8Array.of(1) } };
};

const staticOperations: ReadonlyMap<string, StaticOperation> = new Map([
  ["Const", constant],
  ["Identity", passOn],
  ["StopGradient", passOn],
  // What it would print is data of a request, and goes nowhere.
  ["Print", passOn],
  ["PlaceholderWithDefault", passOn],
  ["Placeholder", unfed],
  ["Variable", variable],
  ["VariableV2", variable],
  ["VarHandleOp", variableHandle],
  ["ReadVariableOp", readHandle],
  ["IsVariableInitialized", isInitialised],
  ["VarIsInitializedOp", isInitialised],
  ["HashTable", tableHandle],
  ["HashTableV2", tableHandle],
  ["MutableHashTableV2", tableHandle],
  ["LookupTableSize", tableSize],
  ["LookupTableSizeV2", tableSize],
]);

/** How the output of a constant, a variable, or an operation that hands its input on is found; else undefined. */
export function findStaticOperation(op: string): StaticOperation | undefined {
  return staticOperations.get(op);
}

/** The operations that {@link findStaticOperation} finds. */
export function staticNames(): Iterable<string> {
  return staticOperations.keys();
}
