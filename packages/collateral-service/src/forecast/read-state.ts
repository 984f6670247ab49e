import type { SqlConnection } from "../sql/database.ts";
import { findDocument, listDocuments, type StoredDocument } from "../store/documents.ts";
import { listPckCertificates, listPlatformFacts, listResolvedTcbs, type PlatformFacts } from "../store/platforms.ts";
import type { StoredPlatform } from "./platform-outlook.ts";

/** All documents that are stored, with their bytes. */
export async function readDocuments(connection: SqlConnection): Promise<StoredDocument[]> {
  const documents: StoredDocument[] = [];
  for (const { key } of await listDocuments(connection)) {
    const document = await findDocument(connection, key);
    if (document !== undefined) {
      documents.push(document);
    }
  }
  return documents;
}

/** All platforms, one after the other: together their certificates would take much memory. */
export async function* readPlatforms(connection: SqlConnection): AsyncGenerator<StoredPlatform> {
  for (const platform of await listPlatformFacts(connection)) {
    yield await withCertificates(connection, platform);
  }
}

/** The certificates that its raw TCBs were given; all of them where none was asked for yet. */
async function withCertificates(connection: SqlConnection, platform: PlatformFacts): Promise<StoredPlatform> {
  const certificates = await listPckCertificates(connection, platform);
  const used = new Set((await listResolvedTcbs(connection, platform)).map(({ tcbm }) => tcbm));
  const chosen = certificates.filter(({ tcbm }) => used.has(tcbm));
  return { platform, certificates: chosen.length === 0 ? certificates : chosen };
}
