import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

const BLOCK = new Uint8Array(1 << 20);

/** Overwrites all regular files below a folder with zeros. Links are not followed; what is gone meanwhile is left out. */
export async function wipeFiles(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      await wipeFiles(path);
    } else if (entry.isFile()) {
      await wipeFile(path).catch(() => undefined);
    }
  }
}

async function wipeFile(path: string): Promise<void> {
  await using file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  const { size } = await file.stat();
  for (let done = 0; done < size; done += BLOCK.length) {
    await file.write(BLOCK, 0, Math.min(BLOCK.length, size - done), done);
  }
}
