import { closeSync, constants, fstatSync, opendirSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";

import { ModelError } from "./errors.ts";
import type { ReadableFiles } from "./model-files.ts";

/** Files and folders directly in a version directory; published models have some five. */
const MAX_ENTRIES = 10_000;
/** Bytes of one version that are read at most. */
const MAX_BYTES = 16 * 2 ** 30;
/** Node reads less than 2 GiB at a time. */
const MAX_READ = 2 ** 30;

/**
 * The files of a version directory on disk, each read when it is first asked for and then kept: what has been checked is
 * what is used. Reading blocks the thread. Links are followed only inside the directory.
 */
export class DirectoryFiles implements ReadableFiles {
  readonly #root: string;
  readonly #names: readonly string[];
  readonly #contents = new Map<string, Uint8Array>();
  #bytesLeft = MAX_BYTES;

  /** @throws ModelError `unreadable`, `too-large` */
  constructor(directory: string) {
    this.#root = system(directory, () => realpathSync(directory));
    this.#names = system(directory, () => listFiles(this.#root));
  }

  keys(): readonly string[] {
    return this.#names;
  }

  /** @throws ModelError `unsafe-path`, `unreadable`, `too-large` */
  get(path: string): Uint8Array | undefined {
    const content = this.#contents.get(path) ?? this.#read(path);
    if (content !== undefined) {
      this.#contents.set(path, content);
    }
    return content;
  }

  /** Contents of the files that have been read. */
  values(): Iterable<Uint8Array> {
    return this.#contents.values();
  }

  #read(path: string): Uint8Array | undefined {
    const file = this.#locate(path);
    if (file === undefined) {
      return undefined;
    }
    return system(path, () => {
      const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        return this.#readAll(path, descriptor);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  /** Where a file really lies; undefined when there is none. */
  #locate(path: string): string | undefined {
    if (path.split("/").some((part) => part === "" || part === "." || part === "..") || path.includes("\0")) {
      throw new ModelError("unsafe-path", `${JSON.stringify(path)} is no path inside the version directory`);
    }
    const place = join(this.#root, path);
    return system(path, () => {
      if (statSync(place, { throwIfNoEntry: false }) === undefined) {
        return undefined;
      }
      const file = realpathSync(place);
      if (!file.startsWith(join(this.#root, sep))) {
        throw new ModelError(
          "unsafe-path",
          `${JSON.stringify(path)} is a link that leads out of the version directory`,
          {
            remedy: "put the file itself in its place",
          },
        );
      }
      return file;
    });
  }

  #readAll(path: string, descriptor: number): Uint8Array {
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      throw new ModelError("unreadable", `${JSON.stringify(path)} is not a regular file`);
    }
    if (status.size > this.#bytesLeft) {
      throw new ModelError("too-large", `the model's files up to ${JSON.stringify(path)} are too large`, {
        expected: `at most ${MAX_BYTES} bytes`,
        actual: `${MAX_BYTES - this.#bytesLeft + status.size} bytes`,
      });
    }
    this.#bytesLeft -= status.size;
    const content = new Uint8Array(status.size);
    for (let done = 0; done < content.length; ) {
      const count = readSync(descriptor, content, done, Math.min(content.length - done, MAX_READ), done);
      if (count === 0) {
        throw new ModelError("unreadable", `${JSON.stringify(path)} became shorter while it was read`);
      }
      done += count;
    }
    return content;
  }
}

/** Names of what lies directly in the directory, folders left out. */
function listFiles(root: string): string[] {
  const names: string[] = [];
  const directory = opendirSync(root);
  try {
    for (let entry = directory.readSync(), count = 1; entry !== null; entry = directory.readSync(), count++) {
      if (count > MAX_ENTRIES) {
        throw new ModelError("too-large", "the version directory has too many entries", {
          expected: `at most ${MAX_ENTRIES}`,
        });
      }
      if (!entry.isDirectory()) {
        names.push(entry.name);
      }
    }
  } finally {
    directory.closeSync();
  }
  return names;
}

/** Runs `work` on a file or directory and says of what the operating system refuses which one it was. */
function system<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ModelError || !(cause instanceof Error && "syscall" in cause)) {
      throw cause;
    }
    throw new ModelError("unreadable", `${JSON.stringify(path)} cannot be read`, {
      actual: cause.message,
      remedy: "check that it is there and who may read it",
      cause,
    });
  }
}
