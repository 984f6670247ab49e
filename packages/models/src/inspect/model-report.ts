import type { DataType } from "@sealserve/protocol";

/** What runs an operation: the engine, the interpreter, the plan itself (constants, control flow), or nothing here. */
export type RunBy = "engine" | "interpreter" | "plan" | "nothing";

/** How often a signature uses an operation. */
export interface OperationCount {
  readonly op: string;
  readonly nodes: number;
  readonly runBy: RunBy;
}

/** A step of a plan, for people. */
export interface StepOutline {
  readonly kind: "island" | "kernel" | "loop" | "branch" | "switch" | "merge";
  /** Operations in it by their number: ONNX's of an island, TensorFlow's of the interpreter. */
  readonly operations: Readonly<Record<string, number>>;
  /** Names of the values that go in and come out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Steps of the functions that control flow runs: condition and body, or the branches. */
  readonly bodies: readonly (readonly StepOutline[])[];
}

/** A tensor of a signature; -1 is a dimension of any size, and an undefined shape one of any rank. */
export interface TensorReport {
  readonly dtype: DataType;
  readonly shape: readonly number[] | undefined;
}

/** What is known about a signature without running it. */
export interface SignatureReport {
  readonly method: string;
  readonly inputs: Readonly<Record<string, TensorReport>>;
  readonly outputs: Readonly<Record<string, TensorReport>>;
  /** Why it cannot be run; undefined when it can. */
  readonly refusal: string | undefined;
  /** TensorFlow's operations that the outputs need, most frequent first; empty for an ONNX model. */
  readonly operations: readonly OperationCount[];
  /** The steps of its plan; empty when it cannot be run. */
  readonly steps: readonly StepOutline[];
}

/** What is known about a model without running it. */
export interface ModelReport {
  readonly platform: "tensorflow" | "onnx";
  readonly signatures: Readonly<Record<string, SignatureReport>>;
}
