import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { SimulatorError, systemErrorName } from "../errors.ts";

/** One entry of a program's directory that counts for its measurement. */
export type ProgramEntry =
  | { readonly kind: "file"; readonly path: string }
  /** A symbolic link; `target` is what it leads to inside the program, as a path like `path`. */
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/**
 * All files and links below `directory`, with `/` in their relative paths, sorted by the UTF-8 bytes of the path.
 * Links must lead to something inside; sockets, devices and the like are refused.
 * @throws SimulatorError `program-missing`, `program-entry-refused`, `program-too-large`
 */
export async function listProgram(directory: string, maximumFiles: number): Promise<ProgramEntry[]> {
  const root = await expectDirectory(directory);
  const entries: ProgramEntry[] = [];
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const found of await readdir(folder, { withFileTypes: true })) {
      if (found.isDirectory()) {
        pending.push(join(folder, found.name));
      } else {
        entries.push(await entryOf(root, found));
      }
    }
    if (entries.length > maximumFiles) {
      throw new SimulatorError("program-too-large", `${directory} has too many files to be a program`, {
        expected: `at most ${maximumFiles} files`,
        remedy: "name the directory with the program's own files",
      });
    }
  }
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function expectDirectory(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if ((await stat(root)).isDirectory()) {
      return root;
    }
  } catch (cause) {
    throw new SimulatorError("program-missing", `cannot measure ${directory} (${systemErrorName(cause)})`, { cause });
  }
  throw new SimulatorError("program-missing", `cannot measure ${directory}: it is no directory`);
}

async function entryOf(root: string, found: Dirent): Promise<ProgramEntry> {
  const full = join(found.parentPath, found.name);
  const path = relativePath(root, full);
  if (found.isFile()) {
    return { kind: "file", path };
  }
  if (found.isSymbolicLink()) {
    return { kind: "link", path, target: await linkTarget(root, full, path) };
  }
  throw refused(path, "neither a file, a directory nor a link");
}

async function linkTarget(root: string, full: string, path: string): Promise<string> {
  const target = await realpath(full).catch((error: unknown) => {
    throw refused(path, `a link that leads nowhere (${systemErrorName(error)})`);
  });
  const inside = relativePath(root, target);
  if (inside === ".." || inside.startsWith("../")) {
    throw refused(path, "a link that leads out of the program's directory");
  }
  return inside;
}

function relativePath(root: string, full: string): string {
  return relative(root, full).split(sep).join("/");
}

function refused(path: string, what: string): SimulatorError {
  return new SimulatorError("program-entry-refused", `${path} cannot be measured: it is ${what}`);
}
