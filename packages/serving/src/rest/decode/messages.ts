import type { PackedTensor } from "@sealserve/models";
import type { ExamplesBody, JsonLimits, PredictBody, PredictSignature, ServingError } from "@sealserve/protocol";

/** A body to decode. Its buffer is moved to the thread. */
export interface DecodeRequest {
  readonly kind: "predict" | "examples";
  readonly body: Uint8Array;
  readonly limits: Partial<JsonLimits>;
}

/** What the decoding thread is told. It is given one body at a time, and the next only after its last word on that. */
export type DecodeMessage =
  | DecodeRequest
  /** What was asked for; undefined when the body is not wanted any more. */
  | { readonly kind: "signature"; readonly signature: PredictSignature | undefined };

/** A predict body as it crosses between threads. */
export type PackedPredictBody = Omit<PredictBody, "inputs"> & { readonly inputs: ReadonlyMap<string, PackedTensor> };

/** What the decoding thread says. Everything but the question for a signature is its last word on a body. */
export type DecodeReply =
  | { readonly kind: "signature"; readonly signatureName: string }
  | { readonly kind: "predict"; readonly body: PackedPredictBody }
  | { readonly kind: "examples"; readonly body: ExamplesBody }
  | { readonly kind: "dropped" }
  | { readonly kind: "refused"; readonly code: ServingError["code"]; readonly message: string };
