import type { Tensor } from "@sealserve/protocol";

/** The values of one feature of a `tensorflow.Example` (example.proto, feature.proto). */
export interface FeatureValues {
  readonly dtype: "float32" | "int64" | "string";
  readonly data: Tensor["data"];
}
