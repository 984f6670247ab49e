import { SealserveError } from "@sealserve/core";

/** Codes of {@link ModelError}. */
export type ModelErrorCode =
  | "no-model"
  | "unsafe-path"
  | "unreadable"
  | "ambiguous-model"
  | "bad-saved-model"
  | "bad-onnx"
  | "bad-checkpoint"
  | "checksum-mismatch"
  | "missing-shard"
  | "missing-variable"
  | "unknown-tag"
  | "bad-graph"
  | "cyclic-graph"
  | "too-large"
  | "external-data"
  | "unsupported-op"
  | "unsupported-type"
  | "unsupported-signature"
  | "not-convertible"
  | "library-unusable"
  | "engine-refused"
  | "engine-failed"
  /** The engine does not come back from a step: its thread is given up. */
  | "engine-stuck"
  | "closed";

/** A model that is malformed, hostile, beyond what this package can run, or whose engine has ended. */
export class ModelError extends SealserveError<ModelErrorCode> {}

/**
 * Runs `read` and turns errors of the layers below, about malformed bytes, into a ModelError that says what was read.
 * @throws ModelError `code`, or what `read` throws itself
 */
export function refuseMalformed<T>(code: ModelErrorCode, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof SealserveError && !(cause instanceof ModelError)) {
      throw new ModelError(code, `${what} is malformed: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
