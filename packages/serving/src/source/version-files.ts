import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { ModelDirectory, ModelFiles } from "@sealserve/models";
import { ServingError } from "@sealserve/protocol";
import { readBoundedFile } from "../config/bounded-file.ts";
import { NodeError } from "../errors.ts";

/** The files of a version: a folder, or content in memory by path in the folder. */
export type VersionFiles = ModelFiles | ModelDirectory;
/** The same, or a promise of content that is on its way into memory. */
export type ComingFiles = VersionFiles | Promise<ModelFiles>;

/**
 * A file of a version, or undefined when there is none of this name. Links that lead out of the folder are refused; the folder
 * itself may be a link.
 * @param path with forward slashes
 * @param maxBytes the most that the file may hold
 * @throws ServingError `PERMISSION_DENIED`; `RESOURCE_EXHAUSTED` for a larger file
 * @throws Error of the file system
 */
export async function readVersionFile(
  files: VersionFiles,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  if (!("directory" in files)) {
    const content = files.get(path);
    if (content !== undefined && content.length > maxBytes) {
      throw tooLarge(path, maxBytes);
    }
    return content;
  }
  try {
    return await readBoundedFile(await resolveInside(files.directory, path), { what: "it", maxBytes });
  } catch (error) {
    if (error instanceof NodeError) {
      throw tooLarge(path, maxBytes, error);
    }
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
      return undefined;
    }
    throw error;
  }
}

function tooLarge(path: string, maxBytes: number, cause?: NodeError): ServingError {
  const size = cause?.actual === undefined ? "" : ` (found ${cause.actual})`;
  const message = `${path} of the version is larger than ${maxBytes} bytes${size}: make it smaller, or leave it out`;
  return new ServingError("RESOURCE_EXHAUSTED", message, { cause });
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
