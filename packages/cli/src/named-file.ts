import { readFile } from "node:fs/promises";

/** The bytes of a file that the command line names. @throws what the system says, with the path that Node.js leaves out of some of it */
export async function readNamedFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw cause instanceof Error && !("path" in cause) ? Object.assign(cause, { path }) : cause;
  }
}

/** As {@link readNamedFile}, as text. */
export async function readNamedText(path: string): Promise<string> {
  return Buffer.from(await readNamedFile(path)).toString("utf8");
}
