import { open } from "node:fs/promises";
import { BrokerError, type BrokerErrorCode } from "./errors.ts";

const DEFAULT_MAX_SIZE = 1 << 20;

/** What a file is to the broker, for messages. */
export interface FileRole {
  /** For example "TLS key". */
  readonly what: string;
  /** Member of the configuration that names the file. */
  readonly member: string;
  /** Bytes. Default 1 MiB. */
  readonly maxSize?: number;
  readonly code?: BrokerErrorCode;
}

/**
 * The bytes of a file that the broker needs to start.
 * @throws BrokerError with the role's code, `file-unreadable` unless stated
 */
export async function readNeededFile(path: string, role: FileRole): Promise<Uint8Array> {
  const { what, member, maxSize = DEFAULT_MAX_SIZE, code = "file-unreadable" } = role;
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > maxSize) {
      throw new BrokerError(code, `${what}: ${path} is too large: ${size} bytes, at most ${maxSize}`, {
        remedy: `check the path at "${member}" in the configuration`,
      });
    }
    return await file.readFile();
  } catch (cause) {
    if (cause instanceof BrokerError) {
      throw cause;
    }
    const reason = systemReason(cause);
    throw new BrokerError(code, `${what}: cannot read ${path} (${reason})`, {
      remedy: `check the path at "${member}" in the configuration, and that the broker may read the file`,
      cause,
    });
  }
}

/** As {@link readNeededFile}, as text. */
export async function readNeededText(path: string, role: FileRole): Promise<string> {
  return Buffer.from(await readNeededFile(path, role)).toString("utf8");
}

/** The system's name for a failure, such as ENOENT. */
export function systemReason(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}
