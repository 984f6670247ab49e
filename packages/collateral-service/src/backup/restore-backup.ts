import type { TrustedRoot } from "@sealserve/attestation";
import {
  CoreError,
  decodeBase64,
  decodeUtf8,
  encodeHex,
  type JsonValue,
  parseStrictJson,
  sha256,
} from "@sealserve/core";
import { MAX_BUNDLE_BYTES } from "../bundle/bundle-content.ts";
import { BundleError } from "../bundle/bundle-error.ts";
import type { SqlConnection, SqlDatabase, SqlValue } from "../sql/database.ts";
import { integerIn } from "../sql/row.ts";
import { SCHEMA_VERSION } from "../sql/schema.ts";
import { INTEGERS, MARK, TABLES } from "./tables.ts";
import { verifyRestored } from "./verify-restored.ts";

const DIGEST_DIGITS = 64;
const LINE_FEED = 0x0a;
const LIMITS = { maxLength: MAX_BUNDLE_BYTES, maxValues: 16_000_000 };
const BYTES = "body";
const MAYBE_NOTHING = "evaluation_number";

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

type Rows = readonly (readonly SqlValue[])[];

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
  try {
    return readPayload(parseStrictJson(decodeUtf8(payload), LIMITS));
  } catch (cause) {
    throw cause instanceof CoreError ? malformed(cause.message) : cause;
  }
}

function readPayload(payload: JsonValue): Map<string, Rows> {
  const { schema, tables } = objectIn(payload);
  if (schema !== SCHEMA_VERSION) {
    throw new BundleError("restore-refused", "the backup is of another version of this program", {
      expected: `schema ${SCHEMA_VERSION}`,
      actual: typeof schema === "number" ? `schema ${schema}` : "none",
      remedy: "restore it with the version that made it, then let this one open the database",
    });
  }
  const found = objectIn(tables);
  if (Object.keys(found).toSorted().join() !== Object.keys(TABLES).toSorted().join()) {
    throw malformed("it has other tables");
  }
  return new Map(Object.entries(TABLES).map(([table, columns]) => [table, readRows(found[table], columns)]));
}

function readRows(rows: JsonValue | undefined, columns: readonly string[]): Rows {
  return listIn(rows).map((row) => {
    const values = listIn(row);
    if (values.length !== columns.length) {
      throw malformed("it has a row of another length");
    }
    return columns.map((column, index) => readValue(values[index], column));
  });
}

function readValue(value: JsonValue | undefined, column: string): SqlValue {
  if (column === MAYBE_NOTHING && value === null) {
    return null;
  }
  if (INTEGERS.has(column) ? !Number.isSafeInteger(value) : typeof value !== "string") {
    throw malformed(`it has something else than it should at ${column}`);
  }
  return column === BYTES ? decodeBase64(value as string) : (value as string | number);
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

function objectIn(value: JsonValue | undefined): { [name: string]: JsonValue } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed("it has something else where an object belongs");
  }
  return value;
}

function listIn(value: JsonValue | undefined): JsonValue[] {
  if (!Array.isArray(value)) {
    throw malformed("it has something else where a list belongs");
  }
  return value;
}

function malformed(fault: string): BundleError {
  return new BundleError("bundle-malformed", `the backup cannot be read: ${fault}`);
}
