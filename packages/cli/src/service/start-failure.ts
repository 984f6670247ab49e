/** A model server that did not start, told in TensorFlow Serving's words. Its cause says why. */
export class StartFailure extends Error {
  constructor(cause: unknown) {
    super("Failed to start server", { cause });
  }
}
