import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { EncryptedFilesError } from "./errors.ts";
import { writeKeyFile } from "./key-file.ts";
import { quoteName } from "./path.ts";
import { inputError } from "./system-error.ts";

/** Size of a wrap key, in bytes. */
export const WRAP_KEY_SIZE = 16;

/** A fresh random wrap key, 16 bytes: the key that all files of one owner or one package hang on. */
export function generateWrapKey(): Uint8Array {
  return Uint8Array.from(randomBytes(WRAP_KEY_SIZE));
}

/**
 * Reads a wrap key file: exactly 16 raw bytes, as Gramine's tools make and want it. A pipe will do.
 * @throws EncryptedFilesError `wrap-key-size`, `input-missing`, `input-unreadable`
 */
export async function readWrapKey(path: string): Promise<Uint8Array> {
  const buffer = new Uint8Array(WRAP_KEY_SIZE + 1);
  try {
    await using file = await open(path, "r");
    let length = 0;
    let bytesRead: number;
    do {
      ({ bytesRead } = await file.read(buffer, length, buffer.length - length, null));
      length += bytesRead;
    } while (bytesRead > 0 && length < buffer.length);
    if (length !== WRAP_KEY_SIZE) {
      const { size } = await file.stat();
      throw wrongSize(Math.max(size, length), quoteName(path));
    }
  } catch (error) {
    throw inputError(error, path);
  }
  return buffer.slice(0, WRAP_KEY_SIZE);
}

/**
 * Writes a wrap key to a new file that only its owner may read (mode 0600).
 * @throws EncryptedFilesError `wrap-key-size`, `key-file-exists`, `output-failed`
 */
export async function writeWrapKey(path: string, wrapKey: Uint8Array): Promise<void> {
  checkWrapKey(wrapKey);
  await writeKeyFile(path, wrapKey);
}

/**
 * Refuses a wrap key of another size, before it reaches a cipher.
 * @throws EncryptedFilesError `wrap-key-size`
 */
export function checkWrapKey(wrapKey: Uint8Array): void {
  if (wrapKey.length !== WRAP_KEY_SIZE) {
    throw wrongSize(wrapKey.length, "the wrap key");
  }
}

function wrongSize(size: number, name: string): EncryptedFilesError {
  return new EncryptedFilesError("wrap-key-size", `Wrap key size ${size} != ${WRAP_KEY_SIZE}: ${name}`, {
    expected: `${WRAP_KEY_SIZE} raw bytes`,
    actual: `${size} bytes`,
    remedy: "make a key with `sealserve files gen-key`; text such as hex or base64 is not a wrap key",
  });
}
