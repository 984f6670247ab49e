import type { SqlConnection, SqlRow } from "../sql/database.ts";
import { bytesIn, integerIn, textIn } from "../sql/row.ts";

/** A signed document, revocation list or certificate as its issuer sent it, verified before it got here. */
export interface StoredDocument {
  /** See `document-key.ts`. */
  readonly key: string;
  /** The very bytes that were signed and received. */
  readonly body: Uint8Array;
  /** PEM, leaf-most first, of the certificates that vouch for this very document; empty where none travel with it. */
  readonly issuerChain: string;
  readonly issued: Date;
  readonly nextUpdate: Date;
  /** Of TCB infos and enclave identities. */
  readonly evaluationNumber: number | undefined;
  readonly fetchedAt: Date;
}

/** What is known of a document without its bytes. */
export type DocumentFacts = Omit<StoredDocument, "body" | "issuerChain">;

const FACTS = "key, issued, next_update, evaluation_number, fetched_at";

export async function findDocument(connection: SqlConnection, key: string): Promise<StoredDocument | undefined> {
  const [row] = await connection.query(`SELECT ${FACTS}, body, issuer_chain FROM documents WHERE key = $1`, [key]);
  return row === undefined
    ? undefined
    : { ...toFacts(row), body: bytesIn(row, "body"), issuerChain: textIn(row, "issuer_chain") };
}

/** Facts of all documents whose keys begin with `prefix`, in order of the keys. */
export async function listDocuments(connection: SqlConnection, prefix = ""): Promise<DocumentFacts[]> {
  const sql = `SELECT ${FACTS} FROM documents WHERE substr(key, 1, $1) = $2 ORDER BY key`;
  return (await connection.query(sql, [prefix.length, prefix])).map(toFacts);
}

/** Puts a document in the place of the one with its key. */
export async function putDocument(connection: SqlConnection, document: StoredDocument): Promise<void> {
  await connection.query(
    `INSERT INTO documents (key, body, issuer_chain, issued, next_update, evaluation_number, fetched_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (key) DO UPDATE SET body = excluded.body, issuer_chain = excluded.issuer_chain,
       issued = excluded.issued, next_update = excluded.next_update,
       evaluation_number = excluded.evaluation_number, fetched_at = excluded.fetched_at`,
    [
      document.key,
      document.body,
      document.issuerChain,
      document.issued.getTime(),
      document.nextUpdate.getTime(),
      document.evaluationNumber ?? null,
      document.fetchedAt.getTime(),
    ],
  );
}

function toFacts(row: SqlRow): DocumentFacts {
  return {
    key: textIn(row, "key"),
    issued: new Date(integerIn(row, "issued")),
    nextUpdate: new Date(integerIn(row, "next_update")),
    evaluationNumber: row["evaluation_number"] === null ? undefined : integerIn(row, "evaluation_number"),
    fetchedAt: new Date(integerIn(row, "fetched_at")),
  };
}
