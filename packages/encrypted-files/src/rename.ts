import { lstat, rm } from "node:fs/promises";
import { type FileSource, openFileSource } from "./byte-source.ts";
import { EncryptedFilesError } from "./errors.ts";
import type { ProgressOptions } from "./files.ts";
import { rewriteFirstNode } from "./first-node.ts";
import type { FormatVersion } from "./format/metadata-node.ts";
import { embeddablePath, quoteName } from "./path.ts";
import { outputError } from "./system-error.ts";
import { checkWrapKey } from "./wrap-key.ts";

/** Options of {@link renameFile}. Progress counts the bytes of the encrypted file. */
export type RenameFileOptions = ProgressOptions & {
  readonly input: string;
  /** The file's new name; its old one goes when the new one stands. May be `input`, to change the embedded path only. */
  readonly output: string;
  /** 16 bytes. */
  readonly wrapKey: Uint8Array;
  /** The path at which a reader will look for the file, in place of `output`; normalised either way. */
  readonly embeddedPath?: string | undefined;
  /** Format version to change to; as it is, unless said otherwise. */
  readonly version?: FormatVersion | undefined;
};

/**
 * Gives an encrypted file another name on the host and inside. Only the first node is decrypted and written anew; the others
 * are copied as they are. At any time there is a complete file, under the old name or the new one, with the old mode, less
 * the umask. What took the old name meanwhile, or was written to the file there, stays.
 * @throws EncryptedFilesError `pending-write`, `symlink`, and those of an encrypted file; `input-changed` when `input` was
 * replaced or written to: before `output` got its name, and then that is left as it was, or after, and then both stand, as
 * the message says; or the reason of `signal`
 */
export async function renameFile(options: RenameFileOptions): Promise<void> {
  const { input, output, wrapKey, version } = options;
  checkWrapKey(wrapKey);
  const path = embeddablePath(options.embeddedPath ?? output);
  const source = await openFileSource(input, { followLinks: false });
  try {
    await rewriteFirstNode(source, output, wrapKey, { path, version }, options);
    await removeOldName(source, input, output);
  } finally {
    await source.close();
  }
}

async function removeOldName(source: FileSource, input: string, output: string): Promise<void> {
  try {
    if (await source.isInPlace()) {
      await rm(input);
    } else if (!(await isSameFile(input, output))) {
      throw new EncryptedFilesError("input-changed", `${quoteName(input)} is not what it was when it was copied`, {
        actual: `a newer file or content there, which stays; ${quoteName(output)} has the older`,
        remedy: "decide which of the two to keep",
      });
    }
  } catch (error) {
    throw outputError(error, input);
  }
}

/** Two names may lead to one file, through a link to a directory for example: removing one would lose the other. */
async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = [await lstat(one, { bigint: true }), await lstat(other, { bigint: true })];
  return a.dev === b.dev && a.ino === b.ino;
}
