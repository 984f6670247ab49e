import { mkdir, mkdtemp, readFile, rm, stat, statfs, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelFiles } from "@sealserve/models";
import { NodeError } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";
import { type Claimed, claim, removeLeftovers, UNCLAIMED, wipeAndRemove } from "./leftovers.ts";

/** Memory that every Linux has as a file system. */
export const DEFAULT_PLACE = "/dev/shm";

/** Types of file systems without a disk behind them (statfs(2)). */
const MEMORY_FILE_SYSTEMS: readonly number[] = [0x01021994 /* tmpfs */, 0x858458f6 /* ramfs */];
const OWNER_ONLY_DIRECTORY = 0o700;
const OWNER_ONLY_FILE = 0o600;
/** Bits of a folder's mode: others may write to it; what is in it is for its owners to rename and remove (inode(7)). */
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const ROOT = 0;

/** A folder in memory, for the owner of this process alone, in which another program of the same TEE finds what it needs. */
export class PrivateDirectory {
  readonly path: string;
  readonly #claimed: Claimed;

  private constructor(claimed: Claimed) {
    this.path = claimed.path;
    this.#claimed = claimed;
  }

  /**
   * Makes a folder of unforeseeable name, and removes what ended processes of the same kind have left behind.
   *
   * @param place folder in which it is made
   * @throws NodeError `private-directory-unusable` when the place is on a disk, or memory may go to one (threat D8), or others could
   *   put a folder of theirs in the place of this one
   */
  static async create(place: string = DEFAULT_PLACE): Promise<PrivateDirectory> {
    await expectMemory(place);
    expectNoSwap(await readFile("/proc/swaps", "utf8"));
    await removeLeftovers(place);
    return new PrivateDirectory(
      await makeIn(place).catch((cause: unknown) => {
        throw unusable(place, "cannot be written to", cause);
      }),
    );
  }

  /** Path of something in the folder. */
  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /**
   * Writes plaintext: files by their path below `folder`.
   *
   * @throws NodeError `private-directory-unusable`
   */
  async writeFiles(folder: string, files: ModelFiles): Promise<void> {
    for (const [path, content] of files) {
      const place = this.at(folder, ...path.split("/").map(expectPlainName));
      try {
        await mkdir(dirname(place), { recursive: true, mode: OWNER_ONLY_DIRECTORY });
        await writeFile(place, content, { flag: "wx", mode: OWNER_ONLY_FILE });
      } catch (cause) {
        throw unusable(dirname(this.path), "does not take the files of the model", cause);
      }
    }
  }

  /** Has `folder` lead to a folder elsewhere. */
  async link(folder: string, target: string): Promise<void> {
    await mkdir(dirname(this.at(folder)), { recursive: true, mode: OWNER_ONLY_DIRECTORY });
    await symlink(target, this.at(folder));
  }

  /**
   * Overwrites and removes everything. Where links lead to stays as it is.
   *
   * @throws NodeError `private-directory-unusable` when something is left, which the next process tries to remove then
   */
  async remove(): Promise<void> {
    this.#claimed.release();
    await wipeAndRemove(this.path);
  }
}

/** mkdtemp makes it for its owner alone. */
async function makeIn(place: string): Promise<Claimed> {
  const directory = await mkdtemp(join(place, UNCLAIMED));
  try {
    return await claim(directory);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function expectMemory(place: string): Promise<void> {
  const type = await statfs(place).then(
    (fileSystem) => fileSystem.type,
    (cause: unknown) => {
      throw unusable(place, "cannot be read", cause);
    },
  );
  const directory = await stat(place);
  if (!MEMORY_FILE_SYSTEMS.includes(type) || !directory.isDirectory()) {
    throw unusable(place, "is no folder in memory, and a decrypted model must not come to a disk");
  }
  expectNobodyElses(place, directory);
}

/** Who can rename a folder can have the plaintext written to one of theirs. */
function expectNobodyElses(place: string, { mode, uid }: { mode: number; uid: number }): void {
  const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
  if (isShared || ![ROOT, process.getuid?.()].includes(uid)) {
    throw unusable(place, "can be changed by others than root and this user");
  }
}

/**
 * Any swap may end on a disk: a zram device too can have one behind it, for pages that compress badly.
 *
 * @param table what the kernel says of swap (proc(5), /proc/swaps)
 * @throws NodeError `private-directory-unusable`
 */
export function expectNoSwap(table: string): void {
  const [, area] = table.trimEnd().split("\n");
  if (area !== undefined) {
    throw new NodeError("private-directory-unusable", "memory of this machine may be swapped to a disk", {
      actual: area.split(/\s/, 1)[0],
      remedy: "turn swap off in the TEE (swapoff -a), or use the engine onnxruntime, which needs no files",
    });
  }
}

function unusable(place: string, what: string, cause?: unknown): NodeError {
  return new NodeError("private-directory-unusable", `${place} ${what}`, {
    expected: "a folder on a tmpfs of the TEE, of root or this user, with room for the model",
    actual: systemCodeOf(cause),
    remedy: `mount one there, or name another with --private-directory (${DEFAULT_PLACE} by default)`,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A manifest's paths have been checked; this is where they become places. */
function expectPlainName(name: string): string {
  if (name === "" || name === "." || name === ".." || name.includes("\0")) {
    throw new NodeError("private-directory-unusable", "a file of the model has no path inside of its version");
  }
  return name;
}
