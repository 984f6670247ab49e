import { variableIdentity } from "../saved-model/variables.ts";
import type { Value } from "./onnx-graph.ts";
import type { Lowering, Operation, ReadVariable } from "./operation.ts";

const constant: Lowering = (operation, graph) => graph.constant(operation.tensor("value"));

const passOn: Lowering = (operation) => operation.input(0);

/** A variable of TensorFlow 1: the operation itself gives the value. */
const variable: Lowering = (operation, _graph, readVariable) =>
  valueOfVariable(operation, variableIdentity(operation.node), readVariable);

/** A variable of TensorFlow 2: the operation gives a handle, which another one reads. */
const variableHandle: Lowering = (operation) => ({
  name: "",
  dtype: "resource",
  variable: variableIdentity(operation.node),
});

const readHandle: Lowering = (operation, _graph, readVariable) => {
  const { variable: identity } = operation.input(0);
  return valueOfVariable(operation, identity ?? operation.refuse("its input is not a variable"), readVariable);
};

function valueOfVariable(operation: Operation, identity: string, readVariable: ReadVariable): Value {
  return readVariable(identity) ?? operation.refuse("its variable is not restored from the checkpoint");
}

const unfed: Lowering = (operation) => operation.refuse("the signature does not feed it");

/** Constants, variables, inputs, and operations that only hand a value on. */
export const structureLowerings: Readonly<Record<string, Lowering>> = {
  Const: constant,
  Identity: passOn,
  StopGradient: passOn,
  PlaceholderWithDefault: passOn,
  Placeholder: unfed,
  Variable: variable,
  VariableV2: variable,
  VarHandleOp: variableHandle,
  ReadVariableOp: readHandle,
};
