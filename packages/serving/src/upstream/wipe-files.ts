import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isGone } from "../system-code.ts";

const BLOCK = new Uint8Array(1 << 20);

/**
 * Overwrites all regular files below a folder with zeros. Links are not followed; what is gone meanwhile is left out.
 *
 * @returns what could not be overwritten, or looked into
 */
export async function wipeFiles(directory: string): Promise<unknown[]> {
  const failures: unknown[] = [];
  const collect = (error: unknown): void => void (isGone(error) || failures.push(error));
  const entries = await readdir(directory, { withFileTypes: true }).catch(collect);
  for (const entry of entries ?? []) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      failures.push(...(await wipeFiles(path)));
    } else if (entry.isFile()) {
      await wipeFile(path).catch(collect);
    }
  }
  return failures;
}

async function wipeFile(path: string): Promise<void> {
  await using file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  const { size } = await file.stat();
  for (let done = 0; done < size; done += BLOCK.length) {
    await file.write(BLOCK, 0, Math.min(BLOCK.length, size - done), done);
  }
}
