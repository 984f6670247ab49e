import type { Dirent } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type DecryptFileOptions,
  decryptFile,
  type EncryptFileOptions,
  encryptFile,
  type Progress,
  type ProgressOptions,
} from "./files.ts";
import { PRIVATE_DIRECTORY_MODE, PUBLIC_DIRECTORY_MODE } from "./output-file.ts";
import { inputError, outputError } from "./system-error.ts";

/** What was done with a directory; paths are relative to it. */
export type DirectoryReport = {
  readonly files: readonly string[];
  /** Links, sockets and other things that are neither file nor directory. */
  readonly skipped: readonly string[];
};

/** Options of {@link encryptDirectory}. Progress counts the bytes of all input files. */
export type EncryptDirectoryOptions = EncryptFileOptions & {
  /** The path at which a reader will look for the directory, in place of `output`. */
  readonly embeddedPath?: string | undefined;
  readonly onFile?: ((relativePath: string) => void) | undefined;
};

/** Options of {@link decryptDirectory}. Progress counts the bytes of all input files. */
export type DecryptDirectoryOptions = DecryptFileOptions & {
  /** The path below which each file's own path must be embedded; `true` stands for `input`. */
  readonly verifyPath?: string | boolean | undefined;
  readonly onFile?: ((relativePath: string) => void) | undefined;
};

/**
 * Encrypts a directory file by file into another of the same shape, as Gramine's tool does. Each file appears complete or
 * not at all, but a failure leaves the files that were done before it.
 * @throws EncryptedFilesError, or the reason of `signal`
 */
export async function encryptDirectory(options: EncryptDirectoryOptions): Promise<DirectoryReport> {
  const embeddedRoot = options.embeddedPath ?? options.output;
  return mirror(options, PUBLIC_DIRECTORY_MODE, (relativePath, onProgress) =>
    encryptFile({
      ...options,
      onProgress,
      input: join(options.input, relativePath),
      output: join(options.output, relativePath),
      embeddedPath: `${embeddedRoot}/${relativePath}`,
    }),
  );
}

/**
 * Decrypts a directory file by file into another of the same shape. Each file appears checked and complete or not at all,
 * but a failure leaves the files that were done before it.
 * @throws EncryptedFilesError, or the reason of `signal`
 */
export async function decryptDirectory(options: DecryptDirectoryOptions): Promise<DirectoryReport> {
  const { verifyPath } = options;
  return mirror(options, PRIVATE_DIRECTORY_MODE, (relativePath, onProgress) =>
    decryptFile({
      ...options,
      onProgress,
      input: join(options.input, relativePath),
      output: join(options.output, relativePath),
      verifyPath: typeof verifyPath === "string" ? `${verifyPath}/${relativePath}` : verifyPath,
    }),
  );
}

type MirrorOptions = Pick<ProgressOptions, "onProgress"> & {
  readonly input: string;
  readonly output: string;
  readonly onFile?: ((relativePath: string) => void) | undefined;
};

async function mirror(
  options: MirrorOptions,
  directoryMode: number,
  convert: (relativePath: string, onProgress: (progress: Progress) => void) => Promise<void>,
): Promise<DirectoryReport> {
  const { directories, files, skipped } = await listTree(options.input);
  for (const directory of directories) {
    const output = join(options.output, directory);
    await mkdir(output, { recursive: true, mode: directoryMode }).catch((error: unknown) => {
      throw outputError(error, output);
    });
  }
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let before = 0;
  for (const { path, size } of files) {
    await convert(path, ({ done }) => options.onProgress?.({ done: before + done, total }));
    before += size;
    options.onProgress?.({ done: before, total });
    options.onFile?.(path);
  }
  return { files: files.map(({ path }) => path), skipped };
}

type ListedFile = { readonly path: string; readonly size: number };

/** Lists everything before anything is written, so that an output below the input is not converted again. */
async function listTree(root: string): Promise<{ directories: string[]; files: ListedFile[]; skipped: string[] }> {
  const directories = [""];
  const files: ListedFile[] = [];
  const skipped: string[] = [];
  // The list grows while it is walked.
  for (const directory of directories) {
    for (const entry of await entriesOf(join(root, directory))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        directories.push(path);
      } else if (entry.isFile()) {
        files.push({ path, size: await sizeOf(join(root, path)) });
      } else {
        skipped.push(path);
      }
    }
  }
  return { directories, files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), skipped: skipped.toSorted() };
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  return readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw inputError(error, directory);
  });
}

async function sizeOf(file: string): Promise<number> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw inputError(error, file);
  });
  return size;
}
