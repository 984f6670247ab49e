/** Where the public vectors are, for Node. In a browser `tests/browser/vector-files.ts` stands in for this file. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

const VECTORS = new URL("../../../shared/vectors/", import.meta.url);

export const vectorsLocation: string = VECTORS.pathname;
export const vectorsPresent: boolean = existsSync(new URL("manifest.json", VECTORS));

/** The content of the file at `path` below the folder of vectors. */
export async function readVector(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(path, VECTORS)));
}
