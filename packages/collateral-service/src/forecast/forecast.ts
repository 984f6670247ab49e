import type { StoredDocument } from "../store/documents.ts";
import { byDay, type Change, toChange } from "./change.ts";
import { documentChanges } from "./document-changes.ts";
import { DocumentIndex } from "./document-index.ts";
import { type PlatformOutlook, platformOutlook, type StoredPlatform } from "./platform-outlook.ts";

/** What a forecast is made from. */
export interface ForecastState {
  readonly now: Date;
  readonly documents: readonly StoredDocument[];
  readonly platforms: readonly StoredPlatform[];
}

/** What the cache holds will turn into, from what is cached alone. */
export interface Forecast {
  /** ISO 8601. */
  readonly at: string;
  /** By day; those without a day last. */
  readonly changes: readonly Change[];
  readonly platforms: readonly PlatformOutlook[];
}

/** Which cached item expires, and which platform turns which TCB status, on which day and why. Fetches nothing. */
export function forecast(state: ForecastState): Forecast {
  const index = new DocumentIndex(state.documents);
  const platforms = state.platforms.map((platform) => platformOutlook(platform, index));
  const changes = [
    ...state.documents.flatMap(documentChanges),
    ...platforms.flatMap(({ changes: ofPlatform }) => ofPlatform),
  ];
  return {
    at: state.now.toISOString(),
    changes: changes.map((change) => toChange(change, state.now)).sort(byDay),
    platforms: platforms.map(({ outlook }) => outlook),
  };
}
