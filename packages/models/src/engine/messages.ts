import type { SignatureDef } from "@sealserve/protocol";

import type { LightGraph } from "../light/light-graph.ts";
import type { ModelDirectory, ModelFiles } from "../model-files.ts";
import type { CallPorts } from "../runnable-signature.ts";
import type { Signature } from "../signature.ts";
import type { PackedTensor } from "./packed-tensor.ts";
import type { PlainError, PlainModelError } from "./plain-error.ts";

/** A model to load, and how. */
export interface ModelLoad {
  /** Files of the model and its assets, which are overwritten once it is loaded, or where to read them. */
  readonly source: ModelFiles | ModelDirectory;
  /** Tags of the graph to take from a SavedModel; undefined for `serve`. */
  readonly tags: readonly string[] | undefined;
  /** Threads for one operation; undefined for one per core. */
  readonly threads: number | undefined;
}

/** The same as the thread gets it. */
export interface EngineLoad extends ModelLoad {
  /** One byte, shared because a message would lie unread while a step blocks the thread: not 0 once nobody waits for the model. */
  readonly givenUp: Uint8Array<SharedArrayBuffer>;
}

/** A run of the loaded model. */
export interface EngineRun {
  readonly signature: string;
  readonly inputs: ReadonlyMap<string, PackedTensor>;
  readonly outputs: readonly string[];
}

/** What is told of a loaded model. */
export interface ModelDescription {
  readonly platform: "tensorflow" | "onnx";
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  /** One for each signature that can be run. */
  readonly calls: ReadonlyMap<string, CallPorts>;
  /** Those that need no engine where a request is small. */
  readonly light: ReadonlyMap<string, LightGraph>;
  /** Why each of the others cannot. */
  readonly refusals: ReadonlyMap<string, PlainModelError>;
}

/** What the engine's thread is asked to do. */
export type EngineRequest =
  | ({ readonly kind: "load"; readonly id: number } & EngineLoad)
  | ({ readonly kind: "run"; readonly id: number } & EngineRun)
  | { readonly kind: "close"; readonly id: number };

/** What is sent to the engine's thread: a request, or the word that one need not be served any more. */
export type EngineMessage = EngineRequest | { readonly kind: "withdraw"; readonly id: number };

/** What the engine's thread answers to the request with the same id. */
export type EngineReply =
  | { readonly kind: "loaded"; readonly id: number; readonly model: ModelDescription }
  | { readonly kind: "done"; readonly id: number; readonly outputs: ReadonlyMap<string, PackedTensor> }
  | { readonly kind: "failed"; readonly id: number; readonly error: PlainError }
  | { readonly kind: "closed"; readonly id: number };
