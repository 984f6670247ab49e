import { open, rm } from "node:fs/promises";
import { EncryptedFilesError } from "./errors.ts";
import { PRIVATE_FILE_MODE } from "./output-file.ts";
import { quoteName } from "./path.ts";
import { outputError, systemErrorCode } from "./system-error.ts";

/**
 * Writes a key to a new file, with mode 0600 unless said otherwise. Never replaces a file: what was encrypted under an
 * overwritten key is lost.
 * @throws EncryptedFilesError `key-file-exists`, `output-failed`
 */
export async function writeKeyFile(
  path: string,
  content: Uint8Array | string,
  mode: number = PRIVATE_FILE_MODE,
): Promise<void> {
  await using file = await open(path, "wx", mode).catch((error: unknown) => {
    if (systemErrorCode(error) === "EEXIST") {
      throw new EncryptedFilesError("key-file-exists", `${quoteName(path)} exists`, {
        remedy: "give another name, or move the old key away first",
        cause: error,
      });
    }
    throw outputError(error, path);
  });
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw outputError(error, path);
  }
}
