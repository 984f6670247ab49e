import type { NodeOperation } from "../saved-model/node-operation.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";

/** A TensorFlow operation on its way to ONNX. */
export type Operation = NodeOperation<Value>;

/** Turns one TensorFlow operation into ONNX operations and gives the value of its first output, or of each of its outputs. */
export type Lowering = (operation: Operation, graph: OnnxGraph) => Value | readonly Value[];
