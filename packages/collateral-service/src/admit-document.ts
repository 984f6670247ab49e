import { dropRevoked, refuseRevokedIssuer } from "./drop-revoked.ts";
import { ServiceError } from "./errors.ts";
import type { SqlConnection } from "./sql/database.ts";
import { putDocument } from "./store/documents.ts";
import { putMark, readMarks } from "./store/marks.ts";
import type { VerifiedDocument } from "./verify-document.ts";

/**
 * Stores a verified document, unless it goes back behind one of its kind that was stored before (threat A4). What a revocation
 * list takes back leaves the store (threat A2). Runs inside
 * the caller's transaction, so that no other writer comes between.
 *
 * @throws ServiceError `rolled-back`, `issuer-revoked`
 */
export async function admitDocument(
  connection: SqlConnection,
  { document, marks, revocations }: VerifiedDocument,
): Promise<void> {
  await refuseRevokedIssuer(connection, document);
  await raiseMarks(connection, marks);
  await putDocument(connection, document);
  if (revocations !== undefined) {
    await dropRevoked(connection, revocations);
  }
}

/** Remembers how far something has come. @throws ServiceError `rolled-back` when it had come further before */
export async function raiseMarks(connection: SqlConnection, marks: ReadonlyMap<string, bigint>): Promise<void> {
  const highest = await readMarks(connection);
  for (const [name, value] of marks) {
    const seen = highest.get(name) ?? value;
    if (value < seen) {
      throw new ServiceError("rolled-back", `what came goes back behind what was stored before: ${name}`, {
        expected: `${seen} or later`,
        actual: `${value}`,
        remedy: "fetch what is current",
      });
    }
  }
  for (const [name, value] of marks) {
    if (highest.get(name) !== value) {
      await putMark(connection, name, value);
    }
  }
}
