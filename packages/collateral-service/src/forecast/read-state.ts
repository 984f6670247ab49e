import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { findDocument, listDocuments, type StoredDocument } from "../store/documents.ts";
import { listPckCertificates, listPlatforms, listResolvedTcbs, type Platform } from "../store/platforms.ts";
import type { ForecastState } from "./forecast.ts";
import type { StoredPlatform } from "./platform-outlook.ts";

/** Reads what a forecast is made from. */
export function readForecastState(database: SqlDatabase, now: Date): Promise<ForecastState> {
  return database.read(async (connection) => ({
    now,
    documents: await readDocuments(connection),
    platforms: await readPlatforms(connection),
  }));
}

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

async function readPlatforms(connection: SqlConnection): Promise<StoredPlatform[]> {
  const platforms: StoredPlatform[] = [];
  for (const platform of await listPlatforms(connection)) {
    platforms.push(await withCertificates(connection, platform));
  }
  return platforms;
}

/** The certificates that its raw TCBs were given; all of them where none was asked for yet. */
async function withCertificates(connection: SqlConnection, platform: Platform): Promise<StoredPlatform> {
  const certificates = await listPckCertificates(connection, platform);
  const used = new Set((await listResolvedTcbs(connection, platform)).map(({ tcbm }) => tcbm));
  const chosen = certificates.filter(({ tcbm }) => used.has(tcbm));
  return { platform, certificates: chosen.length === 0 ? certificates : chosen };
}
