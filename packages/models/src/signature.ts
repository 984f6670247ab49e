import type { DataType, Tensor } from "@sealserve/protocol";

/** Method of signatures that map tensors to tensors. */
export const PREDICT_METHOD = "tensorflow/serving/predict";
/** Method of signatures that map examples to classes with scores. */
export const CLASSIFY_METHOD = "tensorflow/serving/classify";
/** Method of signatures that map examples to one number each. */
export const REGRESS_METHOD = "tensorflow/serving/regress";

/** An input or output of a signature. */
export interface SignatureTensor {
  readonly dtype: DataType;
  /** Declared dimensions, -1 for any size; undefined for unknown rank. Descriptive: requests are not held to it. */
  readonly shape: readonly number[] | undefined;
  /** Name of the tensor in the model's graph, such as `x:0`. */
  readonly tensorName: string;
}

/** A way to call a model: what TensorFlow calls a SignatureDef. */
export interface Signature {
  /** Such as `tensorflow/serving/predict`; empty for a signature that is not for calling. */
  readonly methodName: string;
  readonly inputs: ReadonlyMap<string, SignatureTensor>;
  readonly outputs: ReadonlyMap<string, SignatureTensor>;
  /** Values that inputs take, by name, where a call over gRPC leaves them out. */
  readonly defaults: ReadonlyMap<string, Tensor>;
}
