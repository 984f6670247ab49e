import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../errors.ts";

/** Changes the last byte of a script (its closing newline) to a space: the program runs as before, but is another one. */
export async function changeOneByteOfProgram(from: string, to: string): Promise<string> {
  await cp(from, to, { recursive: true });
  const file = join(to, "node_modules", "@sealserve", "serving", "dist", "index.js");
  const content = await readFile(file);
  content[content.length - 1] = 0x20;
  await writeFile(file, content);
  return file;
}

/** Flips one bit in the middle of the largest encrypted model file. */
export async function flipOneByteOfModel(from: string, to: string): Promise<string> {
  await cp(from, to, { recursive: true });
  const file = await largestFile(join(to, "models"));
  const content = await readFile(file);
  const middle = Math.floor(content.length / 2);
  content[middle] = (content[middle] as number) ^ 1;
  await writeFile(file, content);
  return file;
}

async function largestFile(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let largest: { path: string; size: number } | undefined;
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const { length } = await readFile(path);
    if (largest === undefined || length > largest.size) {
      largest = { path, size: length };
    }
  }
  if (largest === undefined) {
    throw new CliError("demo-step-failed", `no encrypted model file below ${directory}`);
  }
  return largest.path;
}
