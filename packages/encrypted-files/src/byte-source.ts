import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { EncryptedFilesError } from "./errors.ts";
import { quoteName } from "./path.ts";
import { inputError } from "./system-error.ts";

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
  /** @throws EncryptedFilesError `input-changed` when the file's size is not what it was at opening. */
  expectSameSize(): Promise<void>;
  close(): Promise<void>;
};

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
  const status = await file.stat();
  if (!status.isFile()) {
    throw new EncryptedFilesError("not-a-regular-file", `${name} is not a regular file`);
  }
  return {
    name,
    size: status.size,
    read: (position, target) => readFully(file, position, target, path),
    async expectSameSize() {
      const { size } = await file.stat();
      if (size !== status.size) {
        throw inputChanged(name);
      }
    },
    close: () => file.close(),
  };
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
