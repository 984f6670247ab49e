import { execFile } from "node:child_process";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A disk of a few kilobytes, which is soon full. */
export interface SmallDisk {
  readonly path: string;
  remove(): Promise<void>;
}

/** Mounts one. @param kib its size @returns undefined where this process may not mount */
export async function mountSmallDisk(kib: number): Promise<SmallDisk | undefined> {
  const path = await mkdtemp(join(tmpdir(), "sealserve-disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", path]);
  } catch {
    await rmdir(path);
    return undefined;
  }
  return {
    path,
    remove: async () => {
      await run("umount", [path]);
      await rmdir(path);
    },
  };
}
