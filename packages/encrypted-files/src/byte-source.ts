import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { EncryptedFilesError } from "./errors.ts";
import { quoteName } from "./path.ts";
import { inputError, systemErrorCode } from "./system-error.ts";

/** Bytes of known size that can be read anywhere. */
export type ByteSource = {
  /** What to call it in an error. */
  readonly name: string;
  /** In bytes, when it was opened. */
  readonly size: number;
  /** Fills `target` from `position` on, or throws. */
  read(position: number, target: Uint8Array): Promise<void>;
};

/** A regular file open for reading. */
export type FileSource = ByteSource & {
  /** Who may read, write and run it: the nine permission bits, when it was opened. */
  readonly mode: number;
  /** @throws EncryptedFilesError `input-changed` when the file's size is not what it was at opening. */
  expectSameSize(): Promise<void>;
  /** Whether the file still has its name, and nobody wrote to it since it was opened. A link to it does not count. */
  isInPlace(): Promise<boolean>;
  /** @throws EncryptedFilesError `input-changed` when it is not in place, so that what is there now must not be lost. */
  expectInPlace(): Promise<void>;
  close(): Promise<void>;
};

const PERMISSION_BITS = 0o777;

/**
 * Opens a regular file for reading. A pipe or device is refused, without waiting for its other end.
 * @param options.followLinks whether the last component may be a symbolic link
 * @throws EncryptedFilesError `input-missing`, `input-unreadable`, `symlink`, `not-a-regular-file`
 */
export async function openFileSource(path: string, options: { readonly followLinks: boolean }): Promise<FileSource> {
  const linkFlag = options.followLinks ? 0 : constants.O_NOFOLLOW;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | linkFlag);
    try {
      return await fileSource(file, path);
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    throw inputError(error, path);
  }
}

async function fileSource(file: FileHandle, path: string): Promise<FileSource> {
  const name = quoteName(path);
  const status = await file.stat({ bigint: true });
  if (!status.isFile()) {
    throw new EncryptedFilesError("not-a-regular-file", `${name} is not a regular file`);
  }
  return {
    name,
    size: Number(status.size),
    mode: Number(status.mode) & PERMISSION_BITS,
    read: (position, target) => readFully(file, position, target, path),
    async expectSameSize() {
      const { size } = await file.stat({ bigint: true });
      if (size !== status.size) {
        throw inputChanged(name);
      }
    },
    isInPlace: () => isUnchangedAt(path, status),
    async expectInPlace() {
      if (!(await isUnchangedAt(path, status))) {
        throw inputChanged(name);
      }
    },
    close: () => file.close(),
  };
}

/** While the file is open, no other can have its inode number. */
async function isUnchangedAt(path: string, { dev, ino, size, mtimeNs }: BigIntStats): Promise<boolean> {
  try {
    const found = await lstat(path, { bigint: true });
    return found.dev === dev && found.ino === ino && found.size === size && found.mtimeNs === mtimeNs;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return false;
    }
    throw inputError(error, path);
  }
}

async function readFully(file: FileHandle, position: number, target: Uint8Array, path: string): Promise<void> {
  let done = 0;
  while (done < target.length) {
    const bytesRead = await file.read(target, done, target.length - done, position + done).then(
      (result) => result.bytesRead,
      (error: unknown) => {
        throw inputError(error, path);
      },
    );
    if (bytesRead === 0) {
      throw inputChanged(quoteName(path));
    }
    done += bytesRead;
  }
}

function inputChanged(name: string): EncryptedFilesError {
  return new EncryptedFilesError("input-changed", `${name} changed while it was read`, {
    remedy: "try again when nothing writes to it",
  });
}

/** A source that computes the SHA-256 of what is read through it; it must be asked from the start on, without gaps. */
export type HashingSource = ByteSource & {
  /** Reads what nobody has read, unless `signal` aborts that, and returns the digest of everything as hex. */
  finish(signal?: AbortSignal): Promise<string>;
};

const DRAIN_SIZE = 1 << 16;

/** Wraps `source` so that the digest is that of the very bytes that the caller used. Several reads may be under way. */
export function hashingSource(source: ByteSource): HashingSource {
  const hash = createHash("sha256");
  let asked = 0;
  let lastRead = Promise.resolve();
  const read = (position: number, target: Uint8Array): Promise<void> => {
    if (position !== asked) {
      throw new Error("a hashing source can only be read in order");
    }
    asked += target.length;
    lastRead = Promise.all([source.read(position, target), lastRead]).then(() => void hash.update(target));
    return lastRead;
  };
  return {
    name: source.name,
    size: source.size,
    read,
    async finish(signal) {
      const buffer = new Uint8Array(Math.min(DRAIN_SIZE, source.size - asked));
      while (asked < source.size) {
        signal?.throwIfAborted();
        await read(asked, buffer.subarray(0, source.size - asked));
      }
      await lastRead;
      return hash.digest("hex");
    },
  };
}
