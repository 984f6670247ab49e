import { EncryptedFilesError } from "./errors.ts";
import { quoteName } from "./path.ts";

/** The code of an error that the operating system raised (`ENOENT`, …), undefined for any other error. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && "syscall" in error && typeof error.code === "string") {
    return error.code;
  }
  return undefined;
}

/** What to throw when opening or reading `path` failed: system errors get a code, anything else stays as it is. */
export function inputError(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) {
    return error;
  }
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new EncryptedFilesError("input-missing", `${quoteName(path)} does not exist`, { cause: error });
  }
  if (code === "ELOOP") {
    return new EncryptedFilesError("symlink", `${quoteName(path)} is a symbolic link`, {
      remedy: "put the file itself in its place",
      cause: error,
    });
  }
  return new EncryptedFilesError("input-unreadable", `${quoteName(path)} cannot be read`, {
    actual: code,
    remedy: "check who may read it",
    cause: error,
  });
}

/** What to throw when writing `path` failed: system errors get a code, anything else stays as it is. */
export function outputError(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) {
    return error;
  }
  return new EncryptedFilesError("output-failed", `${quoteName(path)} cannot be written`, {
    actual: code,
    remedy: "check that its directory exists, that you may write there, and that there is room",
    cause: error,
  });
}
