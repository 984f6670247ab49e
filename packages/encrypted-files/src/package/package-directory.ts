import { constants, type Dir, type Dirent } from "node:fs";
import { lstat, open, opendir } from "node:fs/promises";
import { join } from "node:path";
import { EncryptedFilesError } from "../errors.ts";
import { quoteName } from "../path.ts";
import { inputError, systemErrorCode } from "../system-error.ts";
import { MANIFEST_FILE, MAX_MANIFEST_SIZE, type Manifest, type PackageFile, SIGNATURE_FILE } from "./manifest.ts";
import { parentPaths } from "./package-path.ts";
import { MAX_SIGNATURE_FILE_SIZE } from "./signature.ts";

/** Manifest and signature of a package, as read and not yet checked. */
export type SignedManifest = { readonly manifest: Uint8Array; readonly signature: string };

/**
 * Reads the manifest and its signature from a package.
 * @throws EncryptedFilesError `manifest-missing`, `manifest-too-large`, `symlink`, `not-a-regular-file`, `input-unreadable`
 */
export async function readSignedManifest(directory: string): Promise<SignedManifest> {
  const manifest = await readSmallFile(join(directory, MANIFEST_FILE), MAX_MANIFEST_SIZE);
  const signature = await readSmallFile(join(directory, SIGNATURE_FILE), MAX_SIGNATURE_FILE_SIZE);
  // One character for each byte: whatever is not ASCII fails as base64.
  return { manifest, signature: Buffer.from(signature).toString("latin1") };
}

/**
 * Checks that a package's directory holds the files of its manifest and nothing else: no other file or directory, no links.
 * @throws EncryptedFilesError `file-unlisted`, `file-missing`, `file-size-mismatch`, `symlink`, `not-a-regular-file`,
 * `input-unreadable`
 */
export async function checkPackageDirectory(directory: string, manifest: Manifest): Promise<void> {
  const listed = new Map<string, PackageFile | undefined>(manifest.files.map((file) => [file.path, file]));
  listed.set(MANIFEST_FILE, undefined);
  listed.set(SIGNATURE_FILE, undefined);
  const directories = new Set(manifest.files.flatMap((file) => parentPaths(file.path)));
  const found = new Set<string>();
  await walk(directory, "", directories, async (path) => {
    if (!listed.has(path)) {
      throw unlisted(join(directory, path));
    }
    await checkFileSize(join(directory, path), listed.get(path));
    found.add(path);
  });
  for (const path of listed.keys()) {
    if (!found.has(path)) {
      throw missing(join(directory, path));
    }
  }
}

/** Stops at the first entry that has no place, so that a stuffed directory costs nothing. */
async function walk(
  root: string,
  prefix: string,
  directories: ReadonlySet<string>,
  found: (path: string) => Promise<void>,
): Promise<void> {
  const path = join(root, prefix);
  const entries: Dir = await opendir(path).catch((error: unknown) => {
    throw inputError(error, path);
  });
  for await (const entry of entries) {
    const entryPath = prefix + entry.name;
    checkEntryKind(entry, join(root, entryPath));
    if (entry.isFile()) {
      await found(entryPath);
    } else if (directories.has(`${entryPath}/`)) {
      await walk(root, `${entryPath}/`, directories, found);
    } else {
      throw unlisted(join(root, entryPath));
    }
  }
}

function checkEntryKind(entry: Dirent, path: string): void {
  if (entry.isSymbolicLink()) {
    throw new EncryptedFilesError("symlink", `${quoteName(path)} is a symbolic link`, {
      expected: "a package without links",
      remedy: "copy the package again without making links",
    });
  }
  if (!entry.isFile() && !entry.isDirectory()) {
    throw new EncryptedFilesError("not-a-regular-file", `${quoteName(path)} is neither a file nor a directory`, {
      remedy: "fetch the package again",
    });
  }
}

async function checkFileSize(path: string, file: PackageFile | undefined): Promise<void> {
  const { size } = await lstat(path).catch((error: unknown) => {
    throw inputError(error, path);
  });
  if (file !== undefined && size !== file.size) {
    throw sizeMismatch(path, file.size, size);
  }
}

/** The error for a file whose size is not the one in the manifest. */
export function sizeMismatch(path: string, expected: number, actual: number): EncryptedFilesError {
  return new EncryptedFilesError("file-size-mismatch", `${quoteName(path)} has not the size that the owner signed`, {
    expected: `${expected} bytes`,
    actual: `${actual} bytes`,
    remedy: "fetch the package again",
  });
}

/** The error for a file that the manifest names and the package has not. */
export function missing(path: string): EncryptedFilesError {
  return new EncryptedFilesError("file-missing", `${quoteName(path)} is listed in the manifest but missing`, {
    remedy: "fetch the whole package again",
  });
}

function unlisted(path: string): EncryptedFilesError {
  return new EncryptedFilesError("file-unlisted", `${quoteName(path)} is not listed in the package's manifest`, {
    expected: "the files that the owner signed, and nothing else",
    remedy: "remove it, or fetch the package again",
  });
}

async function readSmallFile(path: string, maxSize: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) {
      throw new EncryptedFilesError("not-a-regular-file", `${quoteName(path)} is not a regular file`);
    }
    if (status.size > maxSize) {
      throw new EncryptedFilesError("manifest-too-large", `${quoteName(path)} is too large`, {
        expected: `at most ${maxSize} bytes`,
        actual: `${status.size} bytes`,
        remedy: "fetch the package again",
      });
    }
    const bytes = new Uint8Array(status.size);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new EncryptedFilesError("manifest-missing", `${quoteName(path)} does not exist`, {
        remedy: "name the directory of a sealed package",
        cause: error,
      });
    }
    throw inputError(error, path);
  }
}
