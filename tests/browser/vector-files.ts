/** The public vectors as the server of the browser run hands them out; stands in for `tests/support/vector-files.ts`. */
const VECTORS = new URL("/vectors/", location.origin);

export const vectorsLocation: string = VECTORS.pathname;
export const vectorsPresent: boolean = (await fetch(new URL("manifest.json", VECTORS), { method: "HEAD" })).ok;

/** The content of the file at `path` below the folder of vectors. */
export async function readVector(path: string): Promise<Uint8Array> {
  const response = await fetch(new URL(path, VECTORS));
  if (!response.ok) {
    throw new Error(`no vector ${path}: HTTP status ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
