import { ServiceError } from "../errors.ts";
import type { SqlConnection } from "./database.ts";
import { integerIn } from "./row.ts";

/** Names of the types that the two databases call differently. */
export interface SqlDialect {
  readonly bytes: "BLOB" | "BYTEA";
}

/** Statements of one step. */
export type Migration = (dialect: SqlDialect) => readonly string[];

/** The steps from an empty database to today's; each is applied once, in order, and never changed afterwards. */
export const MIGRATIONS: readonly Migration[] = [
  ({ bytes }) => [
    `CREATE TABLE documents (
      key TEXT PRIMARY KEY, body ${bytes} NOT NULL, issuer_chain TEXT NOT NULL, issued BIGINT NOT NULL,
      next_update BIGINT NOT NULL, evaluation_number BIGINT, fetched_at BIGINT NOT NULL)`,
    `CREATE TABLE platforms (
      qe_id TEXT NOT NULL, pce_id TEXT NOT NULL, fmspc TEXT NOT NULL, ca TEXT NOT NULL, platform_manifest TEXT NOT NULL,
      enc_ppid TEXT NOT NULL, issuer_chain TEXT NOT NULL, PRIMARY KEY (qe_id, pce_id))`,
    "CREATE INDEX platforms_by_fmspc ON platforms (fmspc)",
    `CREATE TABLE pck_certificates (
      qe_id TEXT NOT NULL, pce_id TEXT NOT NULL, tcbm TEXT NOT NULL, pem TEXT NOT NULL,
      PRIMARY KEY (qe_id, pce_id, tcbm))`,
    `CREATE TABLE platform_tcbs (
      qe_id TEXT NOT NULL, pce_id TEXT NOT NULL, cpu_svn TEXT NOT NULL, pce_svn TEXT NOT NULL, tcbm TEXT NOT NULL,
      PRIMARY KEY (qe_id, pce_id, cpu_svn, pce_svn))`,
    `CREATE TABLE registrations (
      qe_id TEXT NOT NULL, pce_id TEXT NOT NULL, cpu_svn TEXT NOT NULL, pce_svn TEXT NOT NULL, enc_ppid TEXT NOT NULL,
      platform_manifest TEXT NOT NULL, state TEXT NOT NULL, changed_at BIGINT NOT NULL,
      PRIMARY KEY (qe_id, pce_id, cpu_svn, pce_svn, enc_ppid, platform_manifest))`,
    "CREATE INDEX registrations_by_state ON registrations (state, changed_at)",
    `CREATE TABLE appraisal_policies (
      id TEXT NOT NULL, fmspc TEXT NOT NULL, kind TEXT NOT NULL, is_default BIGINT NOT NULL, text TEXT NOT NULL,
      PRIMARY KEY (fmspc, id))`,
    "CREATE TABLE marks (document TEXT PRIMARY KEY, value TEXT NOT NULL)",
  ],
];

/** Version of the schema that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a database to today's schema, inside the transaction of `connection`.
 *
 * @param steps from an empty database
 * @throws ServiceError `database-foreign` for one of a newer program
 */
export async function migrate(
  connection: SqlConnection,
  dialect: SqlDialect,
  steps: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await connection.query("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BIGINT NOT NULL)");
  const version = await refuseNewerSchema(connection, steps.length);
  for (const statement of steps.slice(version).flatMap((statements) => statements(dialect))) {
    await connection.query(statement);
  }
  await writeFact(connection, "schema", steps.length);
}

/**
 * Work for a transaction that is not begun once a newer program has migrated the database: what this one would write there
 * may lack what that one needs.
 * @param newest schema that the program knows
 */
export function inSchema<T>(newest: number, work: (connection: SqlConnection) => Promise<T>) {
  return async (connection: SqlConnection): Promise<T> => {
    await refuseNewerSchema(connection, newest);
    return work(connection);
  };
}

/** @returns the version of the database's schema. @throws ServiceError `database-foreign` for one of a newer program */
async function refuseNewerSchema(connection: SqlConnection, newest: number): Promise<number> {
  const version = (await readFact(connection, "schema")) ?? 0;
  if (version > newest) {
    throw new ServiceError("database-foreign", "the database was written by a newer version of this program", {
      expected: `schema ${newest} or older`,
      actual: `schema ${version}`,
      remedy: "use that version, or another database",
    });
  }
  return version;
}

/** Counts committed writes. @throws ServiceError `database-foreign` once a newer program has migrated the database */
export async function readGeneration(connection: SqlConnection, newest: number): Promise<number> {
  await refuseNewerSchema(connection, newest);
  return (await readFact(connection, "generation")) ?? 0;
}

/** Counts one more committed write; the last statement of every transaction. */
export async function countGeneration(connection: SqlConnection): Promise<void> {
  await writeFact(connection, "generation", ((await readFact(connection, "generation")) ?? 0) + 1);
}

/** A number that the database remembers about itself. */
export async function readFact(connection: SqlConnection, name: string): Promise<number | undefined> {
  const [row] = await connection.query("SELECT value FROM facts WHERE name = $1", [name]);
  return row === undefined ? undefined : integerIn(row, "value");
}

/** Remembers a number about the database. */
export async function writeFact(connection: SqlConnection, name: string, value: number): Promise<void> {
  await connection.query(
    "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [name, value],
  );
}
