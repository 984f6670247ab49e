import type { Dirent } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { EncryptedFilesError } from "../errors.ts";
import { hasEncryptedFileMagic } from "../format/metadata-node.ts";
import { quoteName } from "../path.ts";
import { inputError, systemErrorCode } from "../system-error.ts";
import { checkFileCount } from "./manifest.ts";
import { type ModelIdentity, modelVersionOf } from "./model-identity.ts";
import { checkPackagePath, checkPathsDistinct, modelFilePath } from "./package-path.ts";

/** A plaintext file of a model, and where it goes in the package. */
export type ModelFile = { readonly source: string; readonly path: string; readonly size: number };

/** A version directory is known by one of these files. */
const MODEL_ENTRY_FILES = ["saved_model.pb", "model.onnx"];

/** What a model directory holds. */
export type ModelFileList = {
  readonly files: readonly ModelFile[];
  /** Names beside the version directories, which TensorFlow Serving does not look at either. */
  readonly leftOut: readonly string[];
};

/**
 * Lists the files of a model: a base path with numbered version directories as TensorFlow Serving wants it, or one version
 * directory. Everything in a version is listed or the whole directory is refused; nothing in it is skipped.
 * @throws EncryptedFilesError `model-directory-missing`, `model-layout`, `model-empty`, `symlink`, `not-a-regular-file`,
 * `already-encrypted`, `too-many-files`, `unsafe-path`, `path-clash`, `input-unreadable`
 */
export async function listModelFiles(modelDirectory: string, model: ModelIdentity): Promise<ModelFileList> {
  const { versions, leftOut } = await versionDirectories(modelDirectory, model);
  const files: ModelFile[] = [];
  for (const { directory, version } of versions) {
    const before = files.length;
    await listVersion(directory, "", (relativePath, file) => {
      files.push({ ...file, path: modelFilePath(model.name, version, relativePath) });
      checkFileCount(files.length);
    });
    if (!hasEntryFile(files.slice(before), modelFilePath(model.name, version, ""))) {
      throw noModel(directory);
    }
  }
  for (const file of files) {
    checkPackagePath(file.path);
  }
  checkPathsDistinct(files.map((file) => file.path));
  return { files, leftOut };
}

type VersionDirectory = { readonly directory: string; readonly version: string };

async function versionDirectories(
  modelDirectory: string,
  model: ModelIdentity,
): Promise<{ readonly versions: readonly VersionDirectory[]; readonly leftOut: readonly string[] }> {
  const entries = await readModelDirectory(modelDirectory);
  if (entries.some((entry) => MODEL_ENTRY_FILES.includes(entry.name))) {
    const version = modelVersionOf(basename(resolve(modelDirectory))) ?? String(model.version);
    return { versions: [{ directory: modelDirectory, version }], leftOut: [] };
  }
  const leftOut: string[] = [];
  const versions = new Map<string, VersionDirectory>();
  for (const entry of entries) {
    const directory = join(modelDirectory, entry.name);
    const version = modelVersionOf(entry.name);
    if (version === undefined) {
      leftOut.push(entry.name);
      continue;
    }
    if (!entry.isDirectory()) {
      throw wrongLayout(directory, "a directory, as its name is a version number");
    }
    if (versions.has(version)) {
      throw wrongLayout(directory, `one directory for version ${version}`);
    }
    versions.set(version, { directory, version });
  }
  if (versions.size === 0) {
    throw noModel(modelDirectory);
  }
  return { versions: [...versions.values()], leftOut };
}

async function readModelDirectory(modelDirectory: string): Promise<Dirent[]> {
  try {
    return await readdir(modelDirectory, { withFileTypes: true });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new EncryptedFilesError("model-directory-missing", `${quoteName(modelDirectory)} is not a directory`, {
        remedy: "name the directory with the model's version directories, or one version directory",
        cause: error,
      });
    }
    throw inputError(error, modelDirectory);
  }
}

async function listVersion(
  directory: string,
  prefix: string,
  found: (relativePath: string, file: { readonly source: string; readonly size: number }) => void,
): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw inputError(error, directory);
  });
  for (const entry of entries) {
    const source = join(directory, entry.name);
    if (entry.isDirectory()) {
      await listVersion(source, `${prefix}${entry.name}/`, found);
    } else if (entry.isFile()) {
      await refuseEncrypted(source);
      found(`${prefix}${entry.name}`, { source, size: (await stat(source)).size });
    } else {
      throw refusedEntry(entry, source);
    }
  }
}

/** A model that is partly encrypted already would only fail when it is loaded. */
async function refuseEncrypted(source: string): Promise<void> {
  const start = new Uint8Array(8);
  try {
    await using file = await open(source);
    await file.read(start);
  } catch (error) {
    throw inputError(error, source);
  }
  if (hasEncryptedFileMagic(start)) {
    throw new EncryptedFilesError("already-encrypted", `${quoteName(source)} is an encrypted file`, {
      expected: "a model in plaintext",
      remedy: "seal the original model, or decrypt this one first",
    });
  }
}

function hasEntryFile(files: readonly ModelFile[], versionPath: string): boolean {
  return MODEL_ENTRY_FILES.some((name) => files.some((file) => file.path === versionPath + name));
}

function refusedEntry(entry: Dirent, source: string): EncryptedFilesError {
  if (entry.isSymbolicLink()) {
    return new EncryptedFilesError("symlink", `${quoteName(source)} is a symbolic link`, {
      remedy: "put the file itself in its place (cp -L)",
    });
  }
  return new EncryptedFilesError("not-a-regular-file", `${quoteName(source)} is neither a file nor a directory`, {
    remedy: "remove it from the model",
  });
}

function wrongLayout(path: string, expected: string): EncryptedFilesError {
  return new EncryptedFilesError("model-layout", `${quoteName(path)} has no place in a model directory`, {
    expected,
    remedy: "move it out of the model directory",
  });
}

function noModel(directory: string): EncryptedFilesError {
  return new EncryptedFilesError("model-empty", `${quoteName(directory)} holds no model`, {
    expected: `${MODEL_ENTRY_FILES.join(" or ")}, or version directories that hold one`,
    remedy: "name the directory that the model was exported to",
  });
}
