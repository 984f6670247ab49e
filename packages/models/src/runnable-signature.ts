import type { DataType, Tensor } from "@sealserve/protocol";

/** What a call of a signature must give and can ask for. */
export interface CallPorts {
  /** Type of each input by its name, and its number in TensorFlow's messages about arguments. */
  readonly inputs: ReadonlyMap<string, { readonly dtype: DataType; readonly position: number }>;
  /** Names of the outputs. */
  readonly outputs: readonly string[];
}

/** A signature of a model that is loaded in the engine's thread. */
export interface RunnableSignature extends CallPorts {
  /**
   * Runs the signature once.
   * @param inputs all of {@link CallPorts.inputs}, each of its type
   * @param outputs names out of {@link CallPorts.outputs}
   * @returns these outputs; their buffers are moved to the caller's thread, so that nothing may go on using them here
   * @throws ServingError for inputs that the model fails on
   * @throws ModelError `engine-failed`
   */
  run(inputs: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<Map<string, Tensor>>;
}
