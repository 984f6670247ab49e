import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { ServiceError } from "../errors.ts";
import type { SqlConnection, SqlDatabase, SqlRow, SqlValue } from "./database.ts";
import { countGeneration, migrate, readFact } from "./schema.ts";
import { Turns } from "./turns.ts";

/** Longest wait for another process's transaction, and the pause between two looks at it, milliseconds. */
const LOCK_TIMEOUT_MS = 30_000;
const LOCK_PAUSE_MS = 5;
/** SQLite's code for a lock that somebody else has. */
const SQLITE_BUSY = 5;

/**
 * Opens the embedded database, one file that several processes of a machine may share. Committed writes survive the
 * process and the machine (write-ahead log, synced at each commit).
 *
 * @param file path, created where it is not there yet
 * @throws ServiceError `database-unavailable`, `database-foreign`
 */
export async function openSqlite(file: string): Promise<SqlDatabase> {
  const writer = openFile(file);
  const turns = new Turns();
  const write = <T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> =>
    turns.take(() => transact(writer, work));
  try {
    await write((connection) => migrate(connection, { bytes: "BLOB" }));
  } catch (error) {
    writer.close();
    throw error;
  }
  const reader = openFile(file);
  return {
    read: (work) => work(reader.connection),
    write,
    note: (work) => turns.take(() => transact(writer, work, false)),
    generation: async () => (await readFact(reader.connection, "generation")) ?? 0,
    close: () =>
      turns.take(async () => {
        reader.close();
        writer.close();
      }),
  };
}

interface OpenFile {
  readonly connection: SqlConnection;
  close(): void;
}

function openFile(file: string): OpenFile {
  try {
    const database = new DatabaseSync(file);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    return { connection: connectionOver(database), close: () => database.close() };
  } catch (cause) {
    throw new ServiceError("database-unavailable", `cannot open the database ${file}`, {
      remedy: "name a file in a folder that this user may write to, on a local disk",
      cause,
    });
  }
}

/** Statements are prepared once. */
function connectionOver(database: DatabaseSync): SqlConnection {
  const prepared = new Map<string, StatementSync>();
  return {
    query: async (sql, parameters = []) => {
      const statement = prepared.get(sql) ?? database.prepare(sql.replaceAll("$", "?"));
      prepared.set(sql, statement);
      return statement.all(...(parameters as readonly SQLInputValue[])).map(toRow);
    },
  };
}

function toRow(row: Record<string, unknown>): SqlRow {
  return row as Record<string, SqlValue>;
}

/** Waits for the lock between turns of the event loop; the database's own waiting would hold up the whole process. */
async function begin(connection: SqlConnection): Promise<void> {
  const end = performance.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      await connection.query("BEGIN IMMEDIATE");
      return;
    } catch (error) {
      const isBusy = error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
      if (!isBusy || performance.now() > end) {
        throw error;
      }
      await setTimeout(LOCK_PAUSE_MS);
    }
  }
}

async function transact<T>(
  { connection }: OpenFile,
  work: (connection: SqlConnection) => Promise<T>,
  counts = true,
): Promise<T> {
  await begin(connection);
  try {
    const result = await work(connection);
    if (counts) {
      await countGeneration(connection);
    }
    await connection.query("COMMIT");
    return result;
  } catch (error) {
    await connection.query("ROLLBACK");
    throw error;
  }
}
