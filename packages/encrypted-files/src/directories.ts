import { mkdir, opendir } from "node:fs/promises";
import { join } from "node:path";
import { type DecryptFileOptions, decryptFile, type EncryptFileOptions, encryptFile } from "./files.ts";
import { PRIVATE_DIRECTORY_MODE, PUBLIC_DIRECTORY_MODE } from "./output-file.ts";
import { inputError, outputError } from "./system-error.ts";

/** What was done with a directory; paths are relative to it. */
export type DirectoryReport = {
  readonly files: readonly string[];
  /** Links, sockets and other things that are neither file nor directory. */
  readonly skipped: readonly string[];
};

/** Options of {@link encryptDirectory}. Progress is told for each file. */
export type EncryptDirectoryOptions = Omit<EncryptFileOptions, "onProgress"> & {
  /** The path at which a reader will look for the directory, in place of `output`. */
  readonly embeddedPath?: string | undefined;
  readonly onFile?: ((relativePath: string) => void) | undefined;
};

/** Options of {@link decryptDirectory}. Progress is told for each file. */
export type DecryptDirectoryOptions = Omit<DecryptFileOptions, "onProgress"> & {
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
  return mirror(options, PUBLIC_DIRECTORY_MODE, (relativePath) =>
    encryptFile({
      ...options,
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
  return mirror(options, PRIVATE_DIRECTORY_MODE, (relativePath) =>
    decryptFile({
      ...options,
      input: join(options.input, relativePath),
      output: join(options.output, relativePath),
      verifyPath: typeof verifyPath === "string" ? `${verifyPath}/${relativePath}` : verifyPath,
    }),
  );
}

type MirrorOptions = {
  readonly input: string;
  readonly output: string;
  readonly onFile?: ((relativePath: string) => void) | undefined;
};

async function mirror(
  options: MirrorOptions,
  directoryMode: number,
  convert: (relativePath: string) => Promise<void>,
): Promise<DirectoryReport> {
  const { directories, files, skipped } = await listTree(options.input);
  for (const directory of directories) {
    const output = join(options.output, directory);
    await mkdir(output, { recursive: true, mode: directoryMode }).catch((error: unknown) => {
      throw outputError(error, output);
    });
  }
  for (const file of files) {
    await convert(file);
    options.onFile?.(file);
  }
  return { files, skipped };
}

/** Lists everything before anything is written, so that an output below the input is not converted again. */
async function listTree(root: string): Promise<{ directories: string[]; files: string[]; skipped: string[] }> {
  const directories = [""];
  const files: string[] = [];
  const skipped: string[] = [];
  // The list grows while it is walked.
  for (const directory of directories) {
    const path = join(root, directory);
    const entries = await opendir(path).catch((error: unknown) => {
      throw inputError(error, path);
    });
    for await (const entry of entries) {
      const relativePath = join(directory, entry.name);
      if (entry.isDirectory()) {
        directories.push(relativePath);
      } else {
        (entry.isFile() ? files : skipped).push(relativePath);
      }
    }
  }
  return { directories, files: files.toSorted(), skipped: skipped.toSorted() };
}
