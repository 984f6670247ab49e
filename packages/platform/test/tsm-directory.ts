import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after } from "node:test";
import { readPseudoFile, writePseudoFile } from "../src/pseudo-file.ts";
import type { TsmFiles } from "../src/tsm/tsm-files.ts";

const base = await mkdtemp(join(tmpdir(), "tsm-"));
after(() => rm(base, { recursive: true, force: true }));

/** A failure as the system reports it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code });
}

export interface TsmDirectoryOptions {
  readonly provider?: string;
  /** What reading `outblob` makes. */
  readonly report: (reportData: Uint8Array, privilegeLevel: number) => Promise<Uint8Array> | Uint8Array;
  /** Undefined leaves `auxblob` out, as for TDX. */
  readonly auxiliary?: Uint8Array;
  /** Undefined leaves out the attributes of privilege levels, as for TDX. */
  readonly floor?: number;
  /** Called before each operation, for example with `read outblob`; may fail it or interfere with the entry. */
  readonly intervene?: (operation: string, entry: string) => Promise<void> | void;
}

export interface TsmDirectory {
  readonly directory: string;
  readonly files: TsmFiles;
  /** The operations so far, each entry's name left out. */
  readonly operations: string[];
  entries(): Promise<string[]>;
}

/**
 * A real folder whose entries behave like those of Linux: making one makes its attributes, writing counts the generation up,
 * `outblob` and `auxblob` are made on reading, and removing an entry takes its attributes along.
 */
export async function tsmDirectory(options: TsmDirectoryOptions): Promise<TsmDirectory> {
  const directory = await mkdtemp(join(base, "report-"));
  const operations: string[] = [];
  const note = async (operation: string, entry: string): Promise<void> => {
    operations.push(operation);
    await options.intervene?.(operation, entry);
  };
  const files: TsmFiles = {
    makeEntry: async (path) => {
      await note("make", path);
      await mkdir(path);
      for (const [name, content] of Object.entries(attributesOf(options))) {
        await writeFile(join(path, name), content);
      }
    },
    removeEntry: async (path) => {
      await note("remove", path);
      await rm(path, { recursive: true });
    },
    write: async (path, value) => {
      await note(`write ${basename(path)}`, dirname(path));
      expectPrivilegeLevel(path, value, options.floor);
      await writePseudoFile(path, value);
      await countGenerationUp(dirname(path));
    },
    read: async (path, limit) => {
      await note(`read ${basename(path)}`, dirname(path));
      if (["outblob", "auxblob"].includes(basename(path))) {
        await makeReport(dirname(path), options);
      }
      return await readPseudoFile(path, limit);
    },
  };
  return { directory, files, operations, entries: () => readdir(directory) };
}

/** What another program does when it writes to an entry. */
export async function countGenerationUp(entry: string): Promise<void> {
  const path = join(entry, "generation");
  await writeFile(path, `${Number(await readFile(path, "utf8")) + 1}\n`);
}

function attributesOf({ provider = "tdx_guest", auxiliary, floor }: TsmDirectoryOptions): Record<string, string> {
  return {
    provider: `${provider}\n`,
    generation: "0\n",
    inblob: "",
    outblob: "",
    ...(auxiliary === undefined ? {} : { auxblob: "" }),
    ...(floor === undefined ? {} : { privlevel: "", privlevel_floor: `${floor}\n` }),
  };
}

function expectPrivilegeLevel(path: string, value: Uint8Array, floor = 0): void {
  const level = Number(new TextDecoder().decode(value));
  if (basename(path) === "privlevel" && !(level >= floor && level <= 3)) {
    throw systemError("EINVAL");
  }
}

async function makeReport(entry: string, { report, auxiliary, floor }: TsmDirectoryOptions): Promise<void> {
  const reportData = new Uint8Array(await readFile(join(entry, "inblob")));
  if (reportData.length === 0) {
    throw systemError("EINVAL");
  }
  const level = floor === undefined ? 0 : Number(await readFile(join(entry, "privlevel"), "utf8"));
  await writeFile(join(entry, "outblob"), await report(reportData, level));
  if (auxiliary !== undefined) {
    await writeFile(join(entry, "auxblob"), auxiliary);
  }
}
