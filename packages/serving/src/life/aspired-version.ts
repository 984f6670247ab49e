import type { LoadedModel } from "@sealserve/models";
import type { Seal } from "../core/servables.ts";

/** A version that a source wants served: TensorFlow Serving's aspired version. */
export interface AspiredVersion {
  readonly version: bigint;
  /** Where it comes from a sealed package. */
  readonly seal?: Seal | undefined;
  /**
   * Loads it, warmed up and ready to serve. Called again after a failure.
   * @param signal fires when the version is no longer wanted; what has been loaded by then is closed by the caller
   */
  load(signal: AbortSignal): Promise<LoadedModel>;
}
