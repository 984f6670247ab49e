import type { SignatureDef, Tensor } from "@sealserve/protocol";

import type { ModelError } from "./errors.ts";
import type { Signature } from "./signature.ts";

/** What a run may be given beside its inputs. */
export interface RunOptions {
  /** Once it is aborted, the run is left out if its turn has not come, and no longer waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Called by what makes a run wait for others to share it with, before it begins: once for each part of the run. */
  readonly onQueued?: ((waitedMs: number) => void) | undefined;
  /**
   * Whether the inputs are given away: large arrays of numbers that fill their buffers are moved to the engine, and are empty here
   * afterwards. By default all are copied.
   */
  readonly moveInputs?: boolean | undefined;
}

/** A model in an engine, ready to run. */
export interface LoadedModel {
  readonly platform: "tensorflow" | "onnx";
  /** Signatures by key, those that cannot be run included. */
  readonly signatures: ReadonlyMap<string, Signature>;
  /** Signatures as the model declares them, for answers about its metadata. */
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  /** Why some signatures cannot be run: `run` throws these. */
  readonly refusals: ReadonlyMap<string, ModelError>;
  /** Why the engine is gone although nobody closed it: no run will succeed again. */
  readonly failure: ModelError | undefined;
  /**
   * Runs a signature; several runs may be under way at a time.
   * @param inputs all of the signature, of any shape that the model's operations take; default values are for the caller
   *   to fill in, and names that the signature lacks are ignored
   * @param outputs names of the outputs to give; all of the signature when empty
   * @throws ServingError for a call that does not fit the signature, or inputs that the model fails on
   * @throws ModelError the signature's refusal, `engine-failed`, `engine-stuck`, or `closed`
   * @throws the signal's reason
   */
  run(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
    options?: RunOptions,
  ): Promise<Map<string, Tensor>>;
  /**
   * Runs a signature at once where that costs less than to have the engine run it, with the same results and errors as
   * {@link run}; undefined where the run is for `run`. A model without this has all of its runs there.
   */
  runNow?(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
  ): Map<string, Tensor> | undefined;
  /** Ends the engine once the runs under way are done. */
  close(): Promise<void>;
}
