import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { readFact, writeFact } from "../sql/schema.ts";

const PREFIX = "flight/";
/** How long a process that ended in its work can keep the others waiting, milliseconds. */
const LEASE_MS = 10_000;
/** Pause between two looks at what another process does. */
const PAUSE_MS = 50;

/**
 * Lets one process at a time, of all that share a database, do a piece of work: the others wait, and should look first
 * whether it is done when their turn comes. Work that takes longer than its lease may be begun by another one too, and so
 * may work of a process whose clock is another one.
 */
export async function oneAtATime<Value>(
  database: SqlDatabase,
  key: string,
  work: () => Promise<Value>,
): Promise<Value> {
  const name = `${PREFIX}${createHash("sha256").update(key).digest("hex")}`;
  let until = await claim(database, name);
  while (until === undefined) {
    await setTimeout(PAUSE_MS);
    until = await claim(database, name);
  }
  try {
    return await work();
  } finally {
    await release(database, name, until).catch(() => undefined); // the lease ends by itself
  }
}

/** @returns the end of the lease; undefined while another process has one */
async function claim(database: SqlDatabase, name: string): Promise<number | undefined> {
  if (await database.read((connection) => isTaken(connection, name))) {
    return undefined;
  }
  return database.note(async (connection) => {
    if (await isTaken(connection, name)) {
      return undefined;
    }
    const now = Date.now();
    await connection.query(`DELETE FROM facts WHERE substr(name, 1, ${PREFIX.length}) = $1 AND value < $2`, [
      PREFIX,
      now,
    ]);
    await writeFact(connection, name, now + LEASE_MS);
    return now + LEASE_MS;
  });
}

/** A lease with more than its length before it is by another clock: its holder may be gone for all that is known here. */
async function isTaken(connection: SqlConnection, name: string): Promise<boolean> {
  const rest = ((await readFact(connection, name)) ?? 0) - Date.now();
  return rest > 0 && rest <= LEASE_MS;
}

function release(database: SqlDatabase, name: string, until: number): Promise<void> {
  return database.note(async (connection) => {
    await connection.query("DELETE FROM facts WHERE name = $1 AND value = $2", [name, until]);
  });
}
