import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CollateralError, encodeMarks, noMemory, parseMarks, type RollbackMemory } from "@sealserve/collateral";
import { BrokerError } from "./errors.ts";
import { systemReason } from "./needed-file.ts";

/**
 * Keeps in a file how far each document of collateral has come, so that a broker which is started again does not go back
 * to older ones. A file that does not exist yet is a broker's first start.
 * @throws BrokerError `collateral-memory-invalid` for a file that cannot be read
 */
export async function openCollateralMemory(path: string | undefined): Promise<RollbackMemory> {
  return path === undefined
    ? noMemory
    : { marks: await readMarks(path), save: oneByOne((marks) => write(path, marks)) };
}

async function readMarks(path: string): Promise<Map<string, bigint>> {
  try {
    return parseMarks(await readFile(path, "utf8"));
  } catch (cause) {
    if (systemReason(cause) === "ENOENT") {
      return new Map();
    }
    const reason = cause instanceof CollateralError ? cause.message : systemReason(cause);
    throw new BrokerError("collateral-memory-invalid", `collateral memory ${path}: ${reason}`, {
      remedy: 'restore the file at "collateralMemory"; removing it lets a source go back to older documents once',
      cause,
    });
  }
}

type Marks = ReadonlyMap<string, bigint>;

/** Several platforms move on at once; the last state wins, whole. */
function oneByOne(save: (marks: Marks) => Promise<void>): (marks: Marks) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  return (marks) => {
    const saved = last.then(() => save(marks));
    last = saved.catch(() => undefined);
    return saved;
  };
}

/** Beside its place first: a broker that dies in between keeps what it had. */
async function write(path: string, marks: Marks): Promise<void> {
  const draft = `${path}.new`;
  try {
    await using file = await open(draft, "w", 0o600);
    await file.writeFile(encodeMarks(marks));
    await file.sync();
    await rename(draft, path);
    await using folder = await open(dirname(path), "r");
    await folder.sync();
  } catch (cause) {
    await rm(draft, { force: true });
    throw new BrokerError("collateral-memory-unwritable", `cannot write ${path} (${systemReason(cause)})`, { cause });
  }
}
