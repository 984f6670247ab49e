/** A tensor as it crosses to the engine's thread and back; the type names are those of onnxruntime's tensors. */
export interface EngineTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** Elements in row-major order: a typed array over its own buffer, or texts. */
  readonly data: ArrayBufferView<ArrayBuffer> | readonly string[];
}

/** A file that models refer to for their weights. */
export interface EngineFile {
  readonly path: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What the engine's thread is asked to do. */
export type EngineRequest =
  | {
      readonly kind: "load";
      readonly id: number;
      readonly models: readonly Uint8Array<ArrayBuffer>[];
      readonly files: readonly EngineFile[];
      /** Threads for one operation; undefined for one per core. */
      readonly threads: number | undefined;
    }
  | {
      readonly kind: "run";
      readonly id: number;
      /** Position of the model among those loaded. */
      readonly model: number;
      readonly feeds: ReadonlyMap<string, EngineTensor>;
      readonly fetches: readonly string[];
    }
  | { readonly kind: "close"; readonly id: number };

/** What the engine's thread answers to the request with the same id. */
export type EngineReply =
  /** For each model undefined, or why it cannot be run. */
  | { readonly kind: "loaded"; readonly id: number; readonly refusals: readonly (string | undefined)[] }
  | { readonly kind: "done"; readonly id: number; readonly outputs: ReadonlyMap<string, EngineTensor> }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  | { readonly kind: "closed"; readonly id: number };
