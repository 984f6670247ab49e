import type { PackedTensor } from "@sealserve/models";
import type {
  ExamplesBody,
  JsonLimits,
  PredictBody,
  PredictSignature,
  RestInferRequest,
  ServingError,
} from "@sealserve/protocol";

/** What a body is the body of. */
export type BodyKind =
  | { readonly kind: "predict" | "examples" }
  /** `jsonLength`: bytes of JSON that the body begins with; undefined when all of it is JSON. */
  | { readonly kind: "infer"; readonly jsonLength: number | undefined };

/** A body to decode. Its buffer is moved to the thread. */
export type DecodeRequest = BodyKind & { readonly body: Uint8Array; readonly limits: Partial<JsonLimits> };

/** What the decoding thread is told. It is given one body at a time, and the next only after its last word on that. */
export type DecodeMessage =
  | DecodeRequest
  /** What was asked for; undefined when the body is not wanted any more. */
  | { readonly kind: "signature"; readonly signature: PredictSignature | undefined };

/** Decoded inputs as they cross between threads. */
type Packed<Body> = Omit<Body, "inputs"> & { readonly inputs: ReadonlyMap<string, PackedTensor> };

/** What the decoding thread says. Everything but the first two is its last word on a body. */
export type DecodeReply =
  | { readonly kind: "signature"; readonly signatureName: string }
  /** The memory of a body that it has done with: sent behind its last word. */
  | { readonly kind: "spent"; readonly buffer: ArrayBuffer }
  | { readonly kind: "predict"; readonly body: Packed<PredictBody> }
  | { readonly kind: "infer"; readonly body: Packed<RestInferRequest> }
  | { readonly kind: "examples"; readonly body: ExamplesBody }
  | { readonly kind: "dropped" }
  | { readonly kind: "refused"; readonly code: ServingError["code"]; readonly message: string };
