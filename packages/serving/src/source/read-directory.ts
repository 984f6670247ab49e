import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelFiles } from "@sealserve/models";
import { ServingError } from "@sealserve/protocol";
import { resolveInside } from "./version-files.ts";

const MAX_FILES = 10_000;

/**
 * Reads a version's folder into memory. Names that start with a dot are passed over: a volume of Kubernetes keeps its own
 * bookkeeping in them. Links that lead out of the folder are refused.
 * @throws ServingError `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED`
 * @throws Error of the file system
 */
export async function readDirectory(directory: string): Promise<ModelFiles> {
  const files = new Map<string, Uint8Array>();
  const folders = [""];
  for (const folder of folders) {
    for (const entry of await readdir(join(directory, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith(".")) {
        continue;
      }
      if (entry.isDirectory()) {
        folders.push(path);
      } else {
        files.set(path, await readFile(await resolveInside(directory, path)));
      }
      if (files.size + folders.length > MAX_FILES) {
        throw new ServingError("RESOURCE_EXHAUSTED", `${directory} holds more than ${MAX_FILES} files`);
      }
    }
  }
  return files;
}
