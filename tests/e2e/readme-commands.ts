import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { CHECKOUT } from "./command.ts";

/** A block of shell commands in a document: run to its end, or a service that stays. */
export interface CommandBlock {
  readonly kind: "run" | "service";
  readonly commands: string;
}

/** The blocks of a document that are marked `sh run` and `sh service`, in order. */
export async function commandBlocks(document: string): Promise<CommandBlock[]> {
  const text = await readFile(join(CHECKOUT, document), "utf8");
  return [...text.matchAll(/^```sh (run|service)\n([\s\S]*?)^```$/gm)].map((match) => ({
    kind: match[1] as CommandBlock["kind"],
    commands: match[2] as string,
  }));
}

/**
 * Makes a folder look like the checkout, by links: documents are typed in the checkout, and what they make stays out of the
 * real one.
 */
export async function linkCheckout(folder: string): Promise<void> {
  for (const name of ["package.json", "packages", "node_modules", "scripts", "tsconfig.json", "tsconfig.base.json"]) {
    await symlink(join(CHECKOUT, name), join(folder, name));
  }
}
