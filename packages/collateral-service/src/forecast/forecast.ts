import { setImmediate } from "node:timers/promises";
import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { byDay, type Change, toChange } from "./change.ts";
import { documentChanges } from "./document-changes.ts";
import { DocumentIndex } from "./document-index.ts";
import { type Outlook, type PlatformOutlook, platformOutlook } from "./platform-outlook.ts";
import { readDocuments, readPlatforms } from "./read-state.ts";

/** What the cache holds will turn into, from what is cached alone. */
export interface Forecast {
  /** ISO 8601. */
  readonly at: string;
  /** By day; those without a day last. */
  readonly changes: readonly Change[];
  readonly platforms: readonly PlatformOutlook[];
}

/**
 * Which cached item expires, and which platform turns which TCB status, on which day and why. Fetches nothing, and lets the
 * process answer meanwhile: a thousand platforms take seconds.
 */
export async function forecast(database: SqlDatabase, now: Date): Promise<Forecast> {
  const { documents, platforms } = await database.read(async (connection) => {
    const stored = await readDocuments(connection);
    return { documents: stored, platforms: await outlooks(connection, new DocumentIndex(stored)) };
  });
  const changes = [
    ...documents.flatMap(documentChanges),
    ...platforms.flatMap(({ changes: ofPlatform }) => ofPlatform),
  ];
  return {
    at: now.toISOString(),
    changes: changes.map((change) => toChange(change, now)).sort(byDay),
    platforms: platforms.map(({ outlook }) => outlook),
  };
}

async function outlooks(connection: SqlConnection, index: DocumentIndex): Promise<Outlook[]> {
  const found: Outlook[] = [];
  for await (const platform of readPlatforms(connection)) {
    found.push(platformOutlook(platform, index));
    await setImmediate();
  }
  return found;
}
