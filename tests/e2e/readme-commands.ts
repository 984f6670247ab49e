import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CHECKOUT } from "./command.ts";

/** A block of shell commands in the README: run to its end, or a service that stays. */
export interface ReadmeBlock {
  readonly kind: "run" | "service";
  readonly commands: string;
}

/** The README's blocks marked `sh run` and `sh service`, in order. */
export async function readmeBlocks(): Promise<ReadmeBlock[]> {
  const text = await readFile(join(CHECKOUT, "README.md"), "utf8");
  return [...text.matchAll(/^```sh (run|service)\n([\s\S]*?)^```$/gm)].map((match) => ({
    kind: match[1] as ReadmeBlock["kind"],
    commands: match[2] as string,
  }));
}
