import type { NodeOperation } from "../saved-model/node-operation.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** Gives the value of a variable by its identity, as the checkpoint has it; undefined when nothing restores it. */
export type ReadVariable = (identity: string) => Value | undefined;

/** A TensorFlow operation on its way to ONNX. */
export type Operation = NodeOperation<Value>;

/** Turns one TensorFlow operation into ONNX operations and gives the value of its first output. */
export type Lowering = (operation: Operation, graph: OnnxGraph, readVariable: ReadVariable) => Value;
