import type { SignatureDef } from "@sealserve/protocol";

import type { ModelError } from "./errors.ts";
import type { Plan } from "./plan/plan.ts";
import type { RunnableGraph } from "./runnable-graph.ts";
import type { Signature } from "./signature.ts";

/** A model that has been read and checked, and whose graphs are ready for the engine. Every signature is in one of the maps. */
export interface PreparedModel {
  readonly platform: "tensorflow" | "onnx";
  readonly signatures: ReadonlyMap<string, Signature>;
  /** Signatures as the model declares them, for answers about its metadata. */
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  /** One for each signature that the engine runs as a whole. */
  readonly graphs: ReadonlyMap<string, RunnableGraph>;
  /** One for each signature that the engine and the interpreter share. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** Why each of the other signatures cannot be run. */
  readonly refusals: ReadonlyMap<string, ModelError>;
  /**
   * Brings the weights into the forms in which the graphs take them, in the model's own files; called once.
   * @returns the files that the graphs take weights from, some of which may not be the model's
   * @throws ModelError `bad-checkpoint`
   */
  arrangeWeights(): ReadonlyMap<string, Uint8Array>;
}
