import { constants, type FileHandle, open } from "node:fs/promises";

/**
 * Reads a file of the kernel or of Gramine to its end, but not much further than `limit`: a longer one shows by `limit + 1`
 * bytes. The sizes that `stat` reports for such files mean nothing, so this reads until nothing more comes.
 * @throws the system's error
 */
export async function readPseudoFile(path: string, limit: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY);
  try {
    return await readUpTo(file, limit + 1);
  } finally {
    await file.close();
  }
}

/**
 * Writes a file that is there already: without O_CREAT, so that none appears where the kernel or Gramine offers none. The value
 * takes effect on closing.
 * @throws the system's error
 */
export async function writePseudoFile(path: string, value: Uint8Array): Promise<void> {
  const file = await open(path, constants.O_WRONLY);
  try {
    await file.writeFile(value);
  } finally {
    await file.close();
  }
}

async function readUpTo(file: FileHandle, limit: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await file.read(buffer, length, limit - length, null);
    if (bytesRead === 0) {
      break;
    }
    length += bytesRead;
  }
  return buffer.slice(0, length);
}
