import { lstat, readdir, rename, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { NodeError } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";
import { answers } from "../transport/unix-socket.ts";
import { wipeFiles } from "./wipe-files.ts";

/** Beginning of the names of folders that lie beside each other in one place. */
const PREFIX = "sealserve-engine-";
/** Beginning before {@link PREFIX} of those that nobody may take for left behind yet. */
const UNFINISHED = "new-";
/** A socket in such a folder, on which its process listens until it ends in whatever way. */
const SIGN_OF_LIFE = "alive";

/** Beginning of the name of a folder that {@link claim} will be given. */
export const UNCLAIMED = `${UNFINISHED}${PREFIX}`;

/** A folder that is known to be in use. */
export interface Claimed {
  readonly path: string;
  /** From then on it counts as left behind. */
  release(): void;
}

/**
 * Shows to other processes that a folder is in use for as long as this process lives. Numbers of processes would not do: each container
 * counts its own, while what it leaves behind in memory may be there for the next one.
 *
 * @param directory a new folder whose name begins with {@link UNCLAIMED}; it gets another one
 */
export async function claim(directory: string): Promise<Claimed> {
  const sign = createServer((socket) => socket.destroy()).unref();
  await listen(sign, join(directory, SIGN_OF_LIFE));
  const path = join(dirname(directory), basename(directory).slice(UNFINISHED.length));
  await rename(directory, path);
  return { path, release: () => void sign.close() };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}

/**
 * Removes the folders of processes of the same user that were ended before they could do so themselves.
 *
 * @throws NodeError `private-directory-unusable` when plaintext of one stays behind
 */
export async function removeLeftovers(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const directory = join(place, name);
    if (name.startsWith(PREFIX) && (await isOwnDirectory(directory)) && !(await isInUse(directory))) {
      await wipeAndRemove(directory);
    }
  }
}

async function isOwnDirectory(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined);
  return status?.isDirectory() === true && status.uid === process.getuid?.();
}

/** Without its socket it is being removed, or that was cut short. */
async function isInUse(directory: string): Promise<boolean> {
  const sign = join(directory, SIGN_OF_LIFE);
  return (await lstat(sign).catch(() => undefined)) !== undefined && (await answers(sign));
}

/**
 * Overwrites and removes everything in a folder, and the folder. Where links lead to stays as it is.
 *
 * @throws NodeError `private-directory-unusable` when something could not be overwritten or removed
 */
export async function wipeAndRemove(directory: string): Promise<void> {
  const failures = await wipeFiles(directory);
  await rm(directory, { recursive: true, force: true }).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) {
    const [cause] = failures;
    throw new NodeError("private-directory-unusable", `plaintext may be left in ${directory}`, {
      actual: systemCodeOf(cause) ?? "an unexpected failure",
      remedy: "remove that folder",
      cause,
    });
  }
}
