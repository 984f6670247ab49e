import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { DatabaseConfig } from "../config/service-config.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { openPostgres } from "../sql/postgres.ts";
import { openSqlite } from "../sql/sqlite.ts";

/** @param onLost told about connections that broke. @throws ServiceError `database-unavailable`, `database-foreign` */
export async function openDatabase(config: DatabaseConfig, onLost: (error: Error) => void): Promise<SqlDatabase> {
  if (config.kind === "postgres") {
    return openPostgres(config.url, onLost);
  }
  await mkdir(dirname(config.file), { recursive: true, mode: 0o700 });
  await (await open(config.file, "a", 0o600)).close(); // SQLite itself would let everybody read it
  return openSqlite(config.file);
}
