import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { isModelName } from "@sealserve/encrypted-files";
import { CliError } from "../errors.ts";

/** A model that the demo seals and serves. */
export interface DemoModel {
  readonly name: string;
  readonly directory: string;
}

/** Where the demo keeps its files. Everything below `directory` goes when the demo ends, unless it is kept. */
export class DemoWorkspace {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<DemoWorkspace> {
    const directory = await mkdtemp(join(tmpdir(), "sealserve-demo-"));
    await mkdir(join(directory, "sealed"));
    return new DemoWorkspace(directory);
  }

  path(...parts: readonly string[]): string {
    return join(this.directory, ...parts);
  }

  async write(name: string, content: string): Promise<string> {
    const path = this.path(name);
    await writeFile(path, content);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/**
 * The model at a path the user gave, named after its folder.
 * @throws CliError `usage` when there is no such folder or its name cannot be a model name
 */
export async function modelAt(path: string): Promise<DemoModel> {
  const directory = resolve(path);
  if (!(await stat(directory).catch(() => undefined))?.isDirectory()) {
    throw new CliError("usage", `${path} is not a folder`, {
      remedy: "name a model folder, such as models/half_plus_two",
    });
  }
  const name = basename(directory);
  if (!isModelName(name)) {
    throw new CliError("usage", `the folder name ${JSON.stringify(name)} cannot be a model name`, {
      expected: "letters, digits, '_', '.', '-'",
    });
  }
  return { name, directory };
}

/** The models in a folder that holds one folder a model. */
export async function modelsIn(directory: string): Promise<DemoModel[]> {
  const names = (await readdir(directory)).sort();
  return names.map((name) => ({ name, directory: join(directory, name) }));
}
