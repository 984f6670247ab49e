import { createHash, type Hash } from "node:crypto";
import { constants, open } from "node:fs/promises";
import { join } from "node:path";
import { SimulatorError, systemErrorName } from "../errors.ts";
import { listProgram, type ProgramEntry } from "./program-files.ts";

/** What identifies a program to the simulated platform. */
export interface ProgramMeasurement {
  /** Stands where SGX has MRENCLAVE: SHA-256 as 64 lower-case hex digits. */
  readonly mrEnclave: string;
  readonly files: number;
  readonly bytes: number;
}

/** Bounds of {@link measureProgram}; beyond them the directory is hardly a program. */
export interface MeasureLimits {
  readonly maximumFiles?: number;
  readonly maximumBytes?: number;
}

const DOMAIN = "sealserve simulated measurement v1";
const MAXIMUM_FILES = 100_000;
const MAXIMUM_BYTES = 4 * 1024 ** 3;
const READ_SIZE = 1024 * 1024;

/**
 * Measures the files of a program: SHA-256 over their relative paths, sizes and digests in sorted order. Times, owners
 * and permissions do not count; an added, removed, renamed or changed file does. Only the simulated platform uses this
 * measurement; real SGX measures enclave pages.
 * @throws SimulatorError `program-missing`, `program-empty`, `program-too-large`, `program-entry-refused`,
 *   `program-changed`
 */
export async function measureProgram(directory: string, limits: MeasureLimits = {}): Promise<ProgramMeasurement> {
  const entries = await listProgram(directory, limits.maximumFiles ?? MAXIMUM_FILES);
  const total = createHash("sha256");
  addField(total, Buffer.from(DOMAIN));
  let files = 0;
  let bytes = 0;
  for (const entry of entries) {
    addField(total, Buffer.from(entry.kind));
    addField(total, Buffer.from(entry.path));
    if (entry.kind === "link") {
      addField(total, Buffer.from(entry.target));
    } else {
      const file = await digestFile(directory, entry, (limits.maximumBytes ?? MAXIMUM_BYTES) - bytes);
      addField(total, file.size);
      addField(total, file.sha256);
      files += 1;
      bytes += file.length;
    }
  }
  if (files === 0) {
    throw new SimulatorError("program-empty", `${directory} has no file to measure`);
  }
  return { mrEnclave: total.digest("hex"), files, bytes };
}

/** Each field goes in behind its length, so that no two lists of fields give the same bytes. */
function addField(total: Hash, field: Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(field.length);
  total.update(length).update(field);
}

interface FileDigest {
  readonly length: number;
  /** The length as it is measured: 8 bytes, big endian. */
  readonly size: Uint8Array;
  readonly sha256: Uint8Array;
}

async function digestFile(directory: string, entry: ProgramEntry, maximum: number): Promise<FileDigest> {
  const hash = createHash("sha256");
  let length = 0;
  await readChunks(directory, entry, (chunk) => {
    length += chunk.length;
    if (length > maximum) {
      throw new SimulatorError("program-too-large", `${directory} is too large to be a program`);
    }
    hash.update(chunk);
  });
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(length));
  return { length, size, sha256: hash.digest() };
}

/** Reads by hand into one buffer: a stream for each of a thousand small files takes five times as long. */
async function readChunks(directory: string, { path }: ProgramEntry, use: (chunk: Uint8Array) => void): Promise<void> {
  try {
    await using file = await open(join(directory, path), constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size } = await file.stat();
    const buffer = new Uint8Array(Math.max(1, Math.min(size + 1, READ_SIZE)));
    let bytesRead: number;
    do {
      ({ bytesRead } = await file.read(buffer));
      use(buffer.subarray(0, bytesRead));
    } while (bytesRead > 0);
  } catch (cause) {
    if (cause instanceof SimulatorError) {
      throw cause;
    }
    throw new SimulatorError("program-changed", `${path} cannot be read any more (${systemErrorName(cause)})`, {
      cause,
    });
  }
}
