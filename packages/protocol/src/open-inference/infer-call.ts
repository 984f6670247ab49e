import type { Tensor } from "../tensor/tensor.ts";

/** A call of ModelInfer in either form, without the model it is for. */
export interface InferRequest {
  /** The caller's mark, which the answer repeats; empty for none. */
  readonly id: string;
  /** The parameter `signature_name`, our own: which signature runs; empty for the model's default. */
  readonly signatureName: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Outputs to compute; all when empty. */
  readonly outputs: readonly string[];
}

/** An answer of ModelInfer in either form. */
export interface InferResponse {
  readonly modelName: string;
  /** Decimal. */
  readonly modelVersion: string;
  readonly id: string;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** Name of the parameter that chooses the signature. */
export const SIGNATURE_PARAMETER = "signature_name";
