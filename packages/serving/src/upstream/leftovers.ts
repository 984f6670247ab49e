import { lstat, readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { wipeFiles } from "./wipe-files.ts";

const NAME = /^sealserve-(?<space>\d+)-(?<pid>\d+)-(?<started>\d+)-/;
/** Field of /proc/PID/stat behind the name of the program: when the process began, in ticks since boot (proc(5), field 22). */
const START_FIELD = 19;

/** Beginning of the names of this process's folders: it says whose they are, so that they can be removed when it has ended. */
export async function ownPrefix(): Promise<string> {
  return `sealserve-${await processSpace()}-${process.pid}-${await startOf(process.pid)}-`;
}

/**
 * Removes the folders of processes that were ended before they could do so themselves. Only those of the same user and
 * the same numbering of processes: whether others have ended cannot be told.
 */
export async function removeLeftovers(place: string): Promise<void> {
  const space = await processSpace();
  for (const name of await readdir(place)) {
    const { groups } = NAME.exec(name) ?? {};
    if (groups?.["space"] !== space || (await startOf(Number(groups["pid"]))) === groups["started"]) {
      continue;
    }
    const directory = join(place, name);
    const status = await lstat(directory).catch(() => undefined);
    if (status?.isDirectory() === true && status.uid === process.getuid?.()) {
      await wipeFiles(directory);
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** Number of the namespace in which processes have their numbers (pid_namespaces(7)). */
async function processSpace(): Promise<string> {
  return (await readlink("/proc/self/ns/pid")).replaceAll(/\D/g, "");
}

/** When a process began; undefined when there is none. @throws Error when it cannot be told, which is no sign that it has ended */
async function startOf(pid: number): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) {
      return undefined;
    }
    throw error;
  });
  return status
    ?.slice(status.lastIndexOf(")") + 2)
    .split(" ")
    .at(START_FIELD);
}
