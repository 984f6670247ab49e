import type { TrustedRoot } from "@sealserve/attestation";
import { encodeHex, sha256 } from "@sealserve/core";
import { BundleError } from "../bundle/bundle-error.ts";
import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { integerIn } from "../sql/row.ts";
import { parseBackup, type Rows } from "./parse-backup.ts";
import { MARK, TABLES } from "./tables.ts";
import { verifyRestored } from "./verify-restored.ts";

const DIGEST_DIGITS = 64;
const LINE_FEED = 0x0a;

/** How many rows of each table were restored. */
export type RestoreSummary = Readonly<Record<string, number>>;

/**
 * Puts a backup into an empty database, all of it or nothing. Marks come back too, so that nothing older than was ever seen
 * can be stored afterwards.
 *
 * @throws BundleError `bundle-malformed` for a damaged file, `restore-refused` for a database that is not empty or a backup of
 * another schema, `bundle-refused` for what is not genuine
 */
export async function restoreBackup(
  database: SqlDatabase,
  file: Uint8Array,
  root: TrustedRoot,
): Promise<RestoreSummary> {
  const tables = await readBackup(file);
  return database.write(async (connection) => {
    await expectEmpty(connection);
    const summary: Record<string, number> = {};
    for (const [table, rows] of tables) {
      await insertRows(connection, table, rows);
      summary[table] = rows.length;
    }
    await verifyRestored(connection, root);
    return summary;
  });
}

async function readBackup(file: Uint8Array): Promise<Map<string, Rows>> {
  const lineLength = MARK.length + DIGEST_DIGITS;
  const line = new TextDecoder().decode(file.subarray(0, lineLength));
  const payload = file.subarray(lineLength + 1);
  const isWhole = file[lineLength] === LINE_FEED && line === `${MARK}${encodeHex(await sha256(payload))}`;
  if (!isWhole) {
    throw new BundleError("bundle-malformed", "this is no backup of a collateral service, or it is damaged", {
      remedy: "use another copy of the backup",
    });
  }
  return parseBackup(payload);
}

async function expectEmpty(connection: SqlConnection): Promise<void> {
  for (const table of Object.keys(TABLES)) {
    const [row] = await connection.query(`SELECT COUNT(*) AS count FROM ${table}`);
    if (row === undefined || integerIn(row, "count") > 0) {
      throw new BundleError("restore-refused", "the database is not empty", {
        actual: `rows in ${table}`,
        remedy: "name a new database in the configuration, and restore to that",
      });
    }
  }
}

async function insertRows(connection: SqlConnection, table: string, rows: Rows): Promise<void> {
  const columns = TABLES[table] ?? [];
  const places = columns.map((_, index) => `$${index + 1}`).join(", ");
  for (const row of rows) {
    await connection.query(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`, row);
  }
}
