/**
 * The public attestation vectors beside the project. A conformance test that reads them through this file alone, and
 * nothing else of Node, runs on Node and in a browser: the runner of `tests/browser` takes it when its name fits
 * `TEST_GLOBS` in `tests/browser/selection.ts`. Entries are read at the top level, before the tests are declared:
 *
 *     const vectors = await readVectorManifest<Vector>("tdx-quote-v4", "tdx-quote-v5");
 *     describe("TDX quotes", { skip: skipWithoutVectors }, () => { ... await readVector(fileOf(vector, "quote")) ... });
 */
import { readVector, vectorsLocation, vectorsPresent } from "./vector-files.ts";

export { readVector, vectorsPresent };

/** Why there is nothing to test, for the `skip` of a suite; false when the vectors are there. */
export const skipWithoutVectors: string | false = vectorsPresent ? false : `no vectors at ${vectorsLocation}`;

/** The entries of the index that belong to one of these families, in its order. None when there are no vectors. */
export async function readVectorManifest<Entry extends { readonly family: string }>(
  ...families: readonly string[]
): Promise<Entry[]> {
  if (!vectorsPresent) {
    return [];
  }
  const { vectors }: { vectors: Entry[] } = JSON.parse(await readVectorText("manifest.json"));
  return vectors.filter(({ family }) => families.includes(family));
}

/** The content of the file at `path` below the folder of vectors, which is UTF-8. */
export async function readVectorText(path: string): Promise<string> {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readVector(path));
}

/** The path of a file that the entry must name. */
export function fileOf<Key extends string>(
  { id, files }: { readonly id: string; readonly files: Readonly<Partial<Record<Key, string>>> },
  key: Key,
): string {
  const path = files[key];
  if (path === undefined) {
    throw new Error(`${id} names no ${key}`);
  }
  return path;
}
