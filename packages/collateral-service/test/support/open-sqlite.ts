// Opens the database that is named by the first argument, and reads and writes it for a while: one of several processes.
import { openSqlite } from "../../src/sql/sqlite.ts";

const database = await openSqlite(process.argv[2] as string);
for (let index = 0; index < 20; index++) {
  await database.generation();
  await database.write(async (connection) => await connection.query("SELECT 1"));
}
await database.close();
