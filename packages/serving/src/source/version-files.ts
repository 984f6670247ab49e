import { readFile, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { ModelDirectory, ModelFiles } from "@sealserve/models";
import { ServingError } from "@sealserve/protocol";

/** The files of a version: a folder, or content in memory by path in the folder. */
export type VersionFiles = ModelFiles | ModelDirectory;

/**
 * A file of a version, or undefined when there is none of this name. Links that lead out of the folder are refused; the folder
 * itself may be a link.
 * @param path with forward slashes
 * @throws ServingError `PERMISSION_DENIED`
 * @throws Error of the file system
 */
export async function readVersionFile(files: VersionFiles, path: string): Promise<Uint8Array | undefined> {
  if (!("directory" in files)) {
    return files.get(path);
  }
  try {
    return await readFile(await resolveInside(files.directory, path));
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return undefined;
    }
    throw error;
  }
}

/** The true path of a file in a folder. @throws ServingError `PERMISSION_DENIED` when it is outside */
async function resolveInside(directory: string, path: string): Promise<string> {
  const root = await realpath(directory);
  const file = await realpath(join(root, path));
  if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new ServingError("PERMISSION_DENIED", `${path} in ${directory} is a link that leads out of the folder`);
  }
  return file;
}
