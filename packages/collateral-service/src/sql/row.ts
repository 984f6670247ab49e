import { ServiceError } from "../errors.ts";
import type { SqlRow, SqlValue } from "./database.ts";

/** A column that holds text. @throws ServiceError `database-foreign` when it holds something else */
export function textIn(row: SqlRow, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : refuse(column, value);
}

/** A column that holds an integer; some drivers give integers of 8 bytes as text. @throws ServiceError `database-foreign` */
export function integerIn(row: SqlRow, column: string): number {
  const value = row[column];
  const number = typeof value === "string" ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : refuse(column, value);
}

/** A column that holds bytes. @throws ServiceError `database-foreign` */
export function bytesIn(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : refuse(column, value);
}

function refuse(column: string, value: SqlValue | undefined): never {
  throw new ServiceError("database-foreign", `column ${column} of the database holds something else than it should`, {
    actual: value === null ? "nothing" : typeof value,
    remedy: "restore the database from a backup",
  });
}
