import { lstat, rm } from "node:fs/promises";
import type { ProgressOptions } from "./files.ts";
import { rewriteFirstNode } from "./first-node.ts";
import type { FormatVersion } from "./format/metadata-node.ts";
import { embeddablePath } from "./path.ts";
import { outputError } from "./system-error.ts";

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
 * are copied as they are. At any time there is a complete file, under the old name or the new one.
 * @throws EncryptedFilesError, or the reason of `signal`
 */
export async function renameFile(options: RenameFileOptions): Promise<void> {
  const { input, output, wrapKey, version } = options;
  const path = embeddablePath(options.embeddedPath ?? output);
  await rewriteFirstNode(input, output, wrapKey, { path, version }, options);
  try {
    if (!(await isSameFile(input, output))) {
      await rm(input);
    }
  } catch (error) {
    throw outputError(error, input);
  }
}

/** Two names may lead to one file, through a link to a directory for example: removing one would lose the other. */
async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = [await lstat(one), await lstat(other)];
  return a.dev === b.dev && a.ino === b.ino;
}
