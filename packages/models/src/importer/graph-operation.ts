import type { DataType, Tensor } from "@sealserve/protocol";

import type { StoredTensor } from "../bundle/checkpoint.ts";
import type { AttributeProto } from "../onnx/schema.ts";
import type { Sizes } from "./infer-sizes.ts";
import type { WeightForm } from "./weights/weight-form.ts";

/** A value of the graph that is being built. */
export interface Value {
  /** Its name in the ONNX graph. */
  readonly name: string;
  readonly dtype: DataType;
  /** Set for constants and variables; the shapes of other values are known only when they are computed. */
  readonly shape?: readonly number[];
  /** What is known of the shape of any value. */
  readonly sizes?: Sizes | undefined;
  /** What is said of the shape of one that a caller gives: -1 for a dimension of any size. Nobody is held to it. */
  readonly declared?: readonly number[] | undefined;
  /** Set for constants. */
  readonly constant?: Tensor;
  /** Set for variables. */
  readonly weights?: Weights;
}

/** A tensor of a checkpoint shard, and how a graph takes it. */
export interface Weights {
  readonly tensor: StoredTensor;
  readonly form: WeightForm;
}

/** An operation of the graph. */
export interface GraphOperation {
  readonly opType: string;
  /** Undefined for an optional input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: readonly AttributeProto[];
  readonly outputs: readonly Value[];
  /** Graphs inside of it, by attribute. Values that they take from around them are the last of `inputs`. */
  readonly bodies?: Readonly<Record<string, GraphBody>> | undefined;
  /** These values as the bodies know them: what becomes of them later stands in `inputs`. */
  readonly taken?: readonly Value[] | undefined;
}

/** A graph inside of an operation, such as the turn of a loop. It takes values of the graph around it as they are. */
export interface GraphBody {
  readonly graph: BodyOperations;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** The operations of a body, which `OnnxGraph.body` makes. */
export interface BodyOperations {
  readonly operations: readonly GraphOperation[];
  /** A name that no other value of the model has. */
  nextName(): string;
}
