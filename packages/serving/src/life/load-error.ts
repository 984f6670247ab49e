import { SealserveError } from "@sealserve/core";
import { ModelError, type ModelErrorCode } from "@sealserve/models";
import { type GrpcCodeName, ServingError } from "@sealserve/protocol";
import type { VersionStatus } from "../core/servables.ts";

/** Why a version is not served, as its status says it. */
export type LifeError = NonNullable<VersionStatus["error"]>;

/** Codes of a model that cannot be loaded; INTERNAL where none is given. */
const MODEL_CODES: Partial<Record<ModelErrorCode, GrpcCodeName>> = {
  "no-model": "NOT_FOUND",
  unreadable: "NOT_FOUND",
  "unsafe-path": "PERMISSION_DENIED",
  "unknown-tag": "NOT_FOUND",
  "missing-shard": "NOT_FOUND",
  "missing-variable": "NOT_FOUND",
  "checksum-mismatch": "DATA_LOSS",
  "bad-checkpoint": "DATA_LOSS",
  "ambiguous-model": "INVALID_ARGUMENT",
  "bad-saved-model": "INVALID_ARGUMENT",
  "bad-onnx": "INVALID_ARGUMENT",
  "bad-graph": "INVALID_ARGUMENT",
  "cyclic-graph": "INVALID_ARGUMENT",
  "too-large": "RESOURCE_EXHAUSTED",
  "unsupported-op": "UNIMPLEMENTED",
  "unsupported-type": "UNIMPLEMENTED",
  "unsupported-signature": "UNIMPLEMENTED",
};

const SYSTEM_CODES: Readonly<Record<string, GrpcCodeName>> = {
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
};

/** The status of a failed load. Errors that are not of this project say nothing but their system code: they may quote what was read. */
export function describeLoadError(error: unknown): LifeError {
  if (error instanceof ServingError) {
    return { code: error.code, message: error.message };
  }
  if (error instanceof ModelError) {
    return { code: MODEL_CODES[error.code] ?? "INTERNAL", message: messageOf(error) };
  }
  if (error instanceof SealserveError) {
    return { code: "INTERNAL", message: messageOf(error) };
  }
  const system = error instanceof Error && "code" in error ? String(error.code) : "";
  return {
    code: SYSTEM_CODES[system] ?? "INTERNAL",
    message: `The version cannot be loaded${system === "" ? "" : ` (${system})`}`,
  };
}

/** The message with what was expected, what was there and what helps. */
function messageOf({ message, expected, actual, remedy }: SealserveError): string {
  const details = Object.entries({ expected, found: actual, remedy }).flatMap(([name, text]) =>
    text === undefined ? [] : [`${name}: ${text}`],
  );
  return details.length === 0 ? message : `${message} (${details.join("; ")})`;
}

/** `CODE: message`, as TensorFlow prints a status. */
export function printLifeError({ code, message }: LifeError): string {
  return `${code}: ${message}`;
}
