import { concatBytes, encodeBase64, encodeHex, encodeUtf8, type JsonValue, sha256 } from "@sealserve/core";
import type { SqlConnection, SqlDatabase, SqlRow, SqlValue } from "../sql/database.ts";
import { SCHEMA_VERSION } from "../sql/schema.ts";
import { INTEGERS, MARK, TABLES } from "./tables.ts";

/**
 * Everything that is stored, as one file: documents, platforms, registrations, policies and marks, as they were at one moment.
 * It can be restored to either kind of database. Keep it as the database is kept: it names machines.
 */
export async function makeBackup(database: SqlDatabase, now: Date): Promise<Uint8Array> {
  // A write, since those are alone: no other comes between two tables.
  const tables = await database.write(readTables);
  const payload = encodeUtf8(JSON.stringify({ created: now.toISOString(), schema: SCHEMA_VERSION, tables }));
  return concatBytes(encodeUtf8(`${MARK}${encodeHex(await sha256(payload))}\n`), payload);
}

async function readTables(connection: SqlConnection): Promise<Record<string, JsonValue>> {
  const tables: Record<string, JsonValue> = {};
  for (const [table, columns] of Object.entries(TABLES)) {
    const rows = await connection.query(`SELECT ${columns.join(", ")} FROM ${table}`);
    tables[table] = rows.map((row) => encodeRow(row, columns));
  }
  return tables;
}

/** Values in the order of the columns; bytes as base64. */
function encodeRow(row: SqlRow, columns: readonly string[]): JsonValue {
  return columns.map((column) => encodeValue(row[column] ?? null, column));
}

function encodeValue(value: SqlValue, column: string): JsonValue {
  if (value instanceof Uint8Array) {
    return encodeBase64(value);
  }
  return INTEGERS.has(column) && typeof value === "string" ? Number(value) : value;
}
