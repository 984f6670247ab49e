import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { EncryptedFilesError } from "./errors.ts";
import { quoteName } from "./path.ts";
import { outputError, systemErrorCode } from "./system-error.ts";
import { WrittenFile } from "./written-file.ts";

/** Mode of a file with plaintext or a key: nobody else may read it. */
export const PRIVATE_FILE_MODE = 0o600;

/** Mode of a file that may be public; the process's umask applies. */
export const PUBLIC_FILE_MODE = 0o666;

/** Mode of a directory with plaintext. */
export const PRIVATE_DIRECTORY_MODE = 0o700;

/** Mode of a directory that may be public; the process's umask applies. */
export const PUBLIC_DIRECTORY_MODE = 0o777;

/**
 * Makes a file that is either complete or absent: `write` fills one with a temporary name in the same directory, which is
 * flushed to the disk and then takes the name `path`, be it that of an older file or of a link to one. On any failure but
 * `output-unflushed` the temporary file goes, and what stood at `path` stays.
 * @throws EncryptedFilesError `output-exists` when `path` is a directory, device, pipe or the like; `output-failed`;
 * `output-unflushed` when the file stands, complete, but a power cut may still undo that; and whatever `write` throws
 */
export async function writeOutputFile(
  path: string,
  mode: number,
  write: (file: WrittenFile) => Promise<void>,
): Promise<void> {
  await expectReplaceable(path);
  const directory = dirname(resolve(path));
  const temporary = join(directory, temporaryName());
  try {
    const file = await open(temporary, "wx", mode);
    try {
      const written = new WrittenFile(file);
      await write(written);
      await written.flush();
      await file.close();
      await rename(temporary, path);
    } catch (error) {
      // A full disk may fail the closing too: that neither hides the first failure nor leaves plaintext behind.
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw outputError(error, path);
  }
  await flushName(path);
}

/**
 * Makes a directory that is either complete or absent, as {@link writeOutputFile} does for a file. `path` may be an empty
 * directory already.
 * @throws EncryptedFilesError `output-exists`, `output-failed`, `output-unflushed` as there, and whatever `build` throws
 */
export async function writeOutputDirectory<Result>(
  path: string,
  mode: number,
  build: (temporary: string) => Promise<Result>,
): Promise<Result> {
  await expectAbsentOrEmpty(path);
  const temporary = join(dirname(resolve(path)), temporaryName());
  let result: Result;
  try {
    await mkdir(temporary, { mode });
    try {
      result = await build(temporary);
      await syncDirectory(temporary);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
  } catch (error) {
    throw outputError(error, path);
  }
  await flushName(path);
  return result;
}

/** A rename would put a regular file in the place of a device or pipe, such as /dev/null or /dev/stdout. */
async function expectReplaceable(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return;
    }
    throw outputError(error, path);
  }
  const target = await stat(path).catch(() => undefined);
  if (target?.isFile() !== true) {
    throw new EncryptedFilesError("output-exists", `${quoteName(path)} exists and is not a regular file`, {
      remedy: "give the name of a new file, or of a regular file to replace",
    });
  }
}

async function expectAbsentOrEmpty(path: string): Promise<void> {
  try {
    if ((await readdir(path)).length === 0) {
      return;
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") {
      return;
    }
    if (code !== "ENOTDIR") {
      throw outputError(error, path);
    }
  }
  throw new EncryptedFilesError("output-exists", `${quoteName(path)} exists and is not an empty directory`, {
    remedy: "give another output directory, or remove this one first",
  });
}

/** Not to be guessed, so that nobody can prepare a link under this name. */
function temporaryName(): string {
  return `.sealserve-${randomBytes(8).toString("hex")}.partial`;
}

/** Makes the name of an output that stands survive a power cut. */
async function flushName(path: string): Promise<void> {
  await syncDirectory(dirname(resolve(path))).catch((error: unknown) => {
    throw new EncryptedFilesError(
      "output-unflushed",
      `${quoteName(path)} is written, but its directory is not flushed`,
      {
        actual: systemErrorCode(error) ?? "an unknown error",
        remedy: "check the disk, that its directory may be read, and that the output is still there",
        cause: error,
      },
    );
  });
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
}
