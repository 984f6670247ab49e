import type { Pool, PoolClient } from "pg";
import { ServiceError } from "../errors.ts";
import type { SqlConnection, SqlDatabase, SqlRow, SqlValue } from "./database.ts";
import { countGeneration, inSchema, MIGRATIONS, type Migration, migrate, readGeneration } from "./schema.ts";

/** Names the lock that writers of this service take, so that they go one by one over all replicas. */
const WRITER_LOCK = 0x5ea1_5e12;
/** Connections of one process. */
const POOL_SIZE = 8;
const CONNECT_TIMEOUT_MS = 10_000;
/** A replica that froze in its transaction must not keep the others from writing for ever. */
const IDLE_TRANSACTION_MS = 60_000;
/** Longest wait for the lock of writers too. */
const STATEMENT_MS = 120_000;
/** Longest wait for one statement, here: a server that does not answer at all does not end its statements either. */
const READ_MS = 30_000;
const WRITE_MS = STATEMENT_MS + READ_MS;
/** Of errors: the connection, the server's operator, its resources; a statement or transaction that took too long (PostgreSQL, appendix A). */
const UNAVAILABLE = /^(08|53|57)|^25P03$/;

/**
 * Opens a PostgreSQL database, which replicas of the service share.
 *
 * @param url `postgresql://USER@HOST:PORT/DATABASE`; a password comes from the password file that PostgreSQL's clients read
 * @param onLost told about connections that broke while nobody used them
 * @param steps to the schema that this program knows
 * @throws ServiceError `database-unavailable`, `database-foreign`
 */
export async function openPostgres(
  url: string,
  onLost: (error: Error) => void = () => undefined,
  steps: readonly Migration[] = MIGRATIONS,
): Promise<SqlDatabase> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    statement_timeout: STATEMENT_MS,
    keepAlive: true,
  });
  pool.on("error", onLost);
  const newest = steps.length;
  const database: SqlDatabase = {
    read: (work) => borrow(pool, READ_MS, work),
    note: (work) => borrow(pool, WRITE_MS, (connection) => transact(connection, inSchema(newest, work), false)),
    write: (work) => borrow(pool, WRITE_MS, (connection) => transact(connection, inSchema(newest, work))),
    generation: () => database.read((connection) => readGeneration(connection, newest)),
    close: () => pool.end(),
  };
  try {
    const dialect = { bytes: "BYTEA" } as const;
    await borrow(pool, WRITE_MS, (connection) => transact(connection, (inside) => migrate(inside, dialect, steps)));
  } catch (error) {
    await pool.end();
    throw error;
  }
  return database;
}

/**
 * Runs work with a connection of its own.
 * @param statementMs longest wait for one statement; after it the connection is given up
 * @throws ServiceError `database-unavailable` when the database, not the work, is at fault
 */
async function borrow<T>(pool: Pool, statementMs: number, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw new ServiceError("database-unavailable", "cannot connect to the PostgreSQL database", {
      remedy: "check the URL, the password file and whether the server runs",
      cause,
    });
  });
  let broken: Error | undefined;
  const remember = (error: Error): void => {
    broken ??= error;
  };
  client.on("error", remember);
  try {
    return await work(connectionOver(client, statementMs, remember));
  } catch (error) {
    throw broken === undefined && !isUnavailable(error) ? error : unavailable(broken ?? error);
  } finally {
    client.off("error", remember);
    client.release(broken);
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Error && "code" in error && UNAVAILABLE.test(String(error.code));
}

function unavailable(cause: unknown): ServiceError {
  return new ServiceError("database-unavailable", "the PostgreSQL database broke off or did not answer in time", {
    remedy: "check whether the server runs and can be reached",
    cause,
  });
}

/** Integers of 8 bytes come as text from the driver; all that are stored here are exact as numbers. */
function connectionOver(client: PoolClient, statementMs: number, onSilence: (error: Error) => void): SqlConnection {
  return {
    query: async (sql, parameters = []) => {
      const overdue = setTimeout(() => {
        onSilence(new Error(`no answer within ${statementMs} ms`));
        void client.end(); // breaks off the statement
      }, statementMs);
      try {
        const { rows } = await client.query<Record<string, SqlValue>>(sql, [...parameters]);
        return rows satisfies readonly SqlRow[];
      } finally {
        clearTimeout(overdue);
      }
    },
  };
}

async function transact<T>(
  connection: SqlConnection,
  work: (connection: SqlConnection) => Promise<T>,
  counts = true,
): Promise<T> {
  await connection.query("BEGIN");
  try {
    await connection.query("SELECT pg_advisory_xact_lock($1)", [WRITER_LOCK]);
    const result = await work(connection);
    if (counts) {
      await countGeneration(connection);
    }
    await connection.query("COMMIT");
    return result;
  } catch (error) {
    await connection.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
