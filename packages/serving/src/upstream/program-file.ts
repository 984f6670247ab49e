import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { NodeError } from "../errors.ts";

/** Bits of a file's mode by which others than its owner may write. */
const WRITABLE_BY_OTHERS = 0o022;
/** In a folder with it, as /tmp, nobody renames or removes what is another's. */
const STICKY = 0o1000;
const ROOT = 0;
const LIBRARY = /\.so(?:\.\d+)*$/;

/** A program or library of an engine that is not part of the node. */
export interface ProgramFile {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 that the file must have, lower-case hex. A sealed node states it, so that its measured configuration covers the file. */
  readonly sha256?: string | undefined;
  /** How it was named, for messages. */
  readonly namedBy: string;
}

/**
 * Checks a file that is about to be run with the rights of the node and the plaintext of the model: nobody else may have put it
 * there (threats A11, E6).
 *
 * @returns its path without links
 * @throws NodeError `engine-unusable`
 */
export async function checkProgramFile({ path, sha256, namedBy }: ProgramFile): Promise<string> {
  if (!isAbsolute(path)) {
    throw unusable(namedBy, "needs an absolute path", { actual: path });
  }
  const place = await realpath(path).catch((cause: unknown) => {
    throw unusable(namedBy, `names ${path}, which cannot be read`, { cause });
  });
  await using file = await open(place, constants.O_RDONLY | constants.O_NONBLOCK);
  const status = await file.stat();
  if (!status.isFile()) {
    throw unusable(namedBy, `names ${path}, which is no regular file`, {});
  }
  if (isChangeable(status)) {
    throw unusable(namedBy, `names ${path}, which others than root and this user can change`, {});
  }
  await expectOwnFolders(place, namedBy);
  await expectOwnLibraries(dirname(place), namedBy);
  if (sha256 !== undefined) {
    expectDigest(await digestOf(file), sha256, namedBy, path);
  }
  return place;
}

/** Who can change a folder above the file can put another one in its place between the check and the start. */
async function expectOwnFolders(place: string, namedBy: string): Promise<void> {
  for (let [path, folder] = [place, dirname(place)]; folder !== path; [path, folder] = [folder, dirname(folder)]) {
    const { mode, uid } = await stat(folder);
    if (isChangeable({ mode: (mode & STICKY) === 0 ? mode : 0, uid })) {
      throw unusable(namedBy, `names a file in ${folder}, which others than root and this user can change`, {});
    }
  }
}

/** Libraries are mostly looked for beside the file that needs them, as libtensorflow's second one is; see `$ORIGIN` of ld.so(8). */
async function expectOwnLibraries(folder: string, namedBy: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => LIBRARY.test(name));
  for (const name of names) {
    const library = await realpath(join(folder, name)).catch(() => undefined);
    if (library === undefined) {
      continue;
    }
    if (isChangeable(await stat(library))) {
      throw unusable(
        namedBy,
        `has beside it ${join(folder, name)}, which others than root and this user can change`,
        {},
      );
    }
    if (dirname(library) !== folder) {
      await expectOwnFolders(library, namedBy);
    }
  }
}

function isChangeable({ mode, uid }: { readonly mode: number; readonly uid: number }): boolean {
  return (mode & WRITABLE_BY_OTHERS) !== 0 || ![ROOT, process.getuid?.()].includes(uid);
}

async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
    hash.update(chunk as Uint8Array);
  }
  return hash.digest("hex");
}

function expectDigest(actual: string, expected: string, namedBy: string, path: string): void {
  if (actual !== expected) {
    throw new NodeError(
      "engine-unusable",
      `${namedBy} names ${path}, which is another file than the one that was pinned`,
      {
        expected: `SHA-256 ${expected}`,
        actual,
        remedy: "install the pinned version, or correct sha256 and have the configuration measured anew",
      },
    );
  }
}

function unusable(namedBy: string, what: string, details: { actual?: string; cause?: unknown }): NodeError {
  return new NodeError("engine-unusable", `${namedBy} ${what}`, {
    remedy: "name the file that your distribution or its vendor installed, owned by root",
    ...details,
  });
}
