/** What the handler core knows of a call beside its request. */
export interface Call {
  /** Fires when the caller is gone or the deadline has passed; its reason is a ServingError. */
  readonly signal: AbortSignal;
  /** Told how long a part of the call waited for others to be run with, milliseconds. */
  readonly onQueued?: ((waitedMs: number) => void) | undefined;
  /** The port the call came in by, in TensorFlow Serving's words for its metrics. */
  readonly entrypoint: "GRPC" | "REST";
  /** Whether nobody reads the request's inputs after this call, so that they need not be copied for the model. */
  readonly givesInputs?: boolean;
}
