import type { SqlConnection } from "../sql/database.ts";
import { textIn } from "../sql/row.ts";

/**
 * How far each kind of document has come, so that nothing older is ever stored again (threat A4). Values are integers in
 * decimal, since some are larger than a number holds exactly.
 */
export async function readMarks(connection: SqlConnection): Promise<Map<string, bigint>> {
  const rows = await connection.query("SELECT document, value FROM marks");
  return new Map(rows.map((row) => [textIn(row, "document"), BigInt(textIn(row, "value"))]));
}

export async function putMark(connection: SqlConnection, document: string, value: bigint): Promise<void> {
  await connection.query(
    "INSERT INTO marks (document, value) VALUES ($1, $2) ON CONFLICT (document) DO UPDATE SET value = excluded.value",
    [document, `${value}`],
  );
}
