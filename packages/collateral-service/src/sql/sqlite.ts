import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { ServiceError } from "../errors.ts";
import type { SqlConnection, SqlDatabase, SqlRow, SqlValue } from "./database.ts";
import { countGeneration, inSchema, MIGRATIONS, type Migration, migrate, readGeneration } from "./schema.ts";
import { Turns } from "./turns.ts";

/** Longest wait for another process's transaction, and the pause between two looks at it, milliseconds. */
const LOCK_TIMEOUT_MS = 30_000;
const LOCK_PAUSE_MS = 5;
/** SQLite's code for a lock that somebody else has; the bits above it say which. */
const SQLITE_BUSY = 5;
const PRIMARY_CODE = 0xff;

/**
 * Opens the embedded database, one file that several processes of a machine may share. Committed writes survive the
 * process and the machine (write-ahead log, synced at each commit).
 *
 * @param file path, created where it is not there yet
 * @param steps to the schema that this program knows
 * @throws ServiceError `database-unavailable`, `database-foreign`
 */
export async function openSqlite(file: string, steps: readonly Migration[] = MIGRATIONS): Promise<SqlDatabase> {
  const writer = await openFile(file);
  const turns = new Turns();
  try {
    await turns.take(() => transact(writer, (connection) => migrate(connection, { bytes: "BLOB" }, steps)));
    return databaseOver(writer, await openFile(file), turns, steps.length);
  } catch (error) {
    writer.close();
    throw error;
  }
}

function databaseOver(writer: OpenFile, reader: OpenFile, turns: Turns, newest: number): SqlDatabase {
  const reading = patient(reader.connection);
  return {
    read: (work) => work(reading),
    write: (work) => turns.take(() => transact(writer, inSchema(newest, work))),
    note: (work) => turns.take(() => transact(writer, inSchema(newest, work), false)),
    generation: () => readGeneration(reading, newest),
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

async function openFile(file: string): Promise<OpenFile> {
  let database: DatabaseSync | undefined;
  try {
    const opened = new DatabaseSync(file);
    database = opened;
    // Another process may be making the same file, or repairing what one that was killed has left.
    await whileFree(() =>
      opened.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"),
    );
    return { connection: connectionOver(opened), close: () => opened.close() };
  } catch (cause) {
    database?.close();
    throw cause instanceof ServiceError
      ? cause
      : new ServiceError("database-unavailable", `cannot open the database ${file}`, {
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

/** A connection whose statements each are a transaction of their own. */
function patient(connection: SqlConnection): SqlConnection {
  return { query: (sql, parameters) => whileFree(() => connection.query(sql, parameters)) };
}

/**
 * Does something as soon as nobody else has the lock for it. Waits between turns of the event loop; the database's own waiting
 * would hold up the whole process.
 * @throws ServiceError `database-unavailable`
 */
async function whileFree<T>(work: () => T | Promise<T>): Promise<T> {
  const end = performance.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (!isBusy(cause)) {
        throw cause;
      }
      if (performance.now() > end) {
        throw new ServiceError("database-unavailable", "another process does not let go of the database", {
          remedy: "look for a process that hangs with the database open",
          cause,
        });
      }
      await setTimeout(LOCK_PAUSE_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" && (code & PRIMARY_CODE) === SQLITE_BUSY;
}

async function transact<T>(
  { connection }: OpenFile,
  work: (connection: SqlConnection) => Promise<T>,
  counts = true,
): Promise<T> {
  await whileFree(() => connection.query("BEGIN IMMEDIATE"));
  try {
    const result = await work(connection);
    if (counts) {
      await countGeneration(connection);
    }
    await connection.query("COMMIT");
    return result;
  } catch (error) {
    // Where the disk is full, the database has done so itself; what went wrong is what counts.
    await connection.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
