import { CoreError, decodeBase64, decodeUtf8, type JsonValue, parseStrictJson } from "@sealserve/core";
import { MAX_BUNDLE_BYTES } from "../bundle/bundle-content.ts";
import { BundleError } from "../bundle/bundle-error.ts";
import type { SqlValue } from "../sql/database.ts";
import { SCHEMA_VERSION } from "../sql/schema.ts";
import { INTEGERS, TABLES } from "./tables.ts";

const LIMITS = { maxLength: MAX_BUNDLE_BYTES, maxValues: 16_000_000 };
const BYTES = "body";
const MAYBE_NOTHING = "evaluation_number";

/** Rows of one table, values in the order of its columns. */
export type Rows = readonly (readonly SqlValue[])[];

/**
 * Reads the payload of a backup: every table, by its name.
 * @throws BundleError `bundle-malformed`, or `restore-refused` for one of another schema
 */
export function parseBackup(payload: Uint8Array): Map<string, Rows> {
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
