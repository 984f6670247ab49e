import { admitDocument } from "../admit-document.ts";
import { type FetchContext, fetchVerified, refusingAsGarbage } from "../fill/fetch-verified.ts";
import { fillPlatform, isCurrent, unlessMissing } from "../fill/platform-fill.ts";
import type { RefreshScope, RefreshSummary } from "../fill.ts";
import { ProviderError } from "../provider.ts";
import { type DocumentId, type IdentityKind, keyOf, type Update } from "../store/document-key.ts";
import { listDocuments } from "../store/documents.ts";
import { idOfKey } from "../store/id-of-key.ts";
import { listPlatforms, type Platform } from "../store/platforms.ts";
import { type Failure, inParallel } from "./in-parallel.ts";

/** What a refresh needs. */
export interface RefreshContext extends FetchContext {
  /** Most requests to upstream at a time. Default 4. */
  readonly parallel?: number;
  /** Told about each part of a refresh that failed, whose last good stays. */
  readonly onFailure?: (error: unknown) => void;
  /** What else is fetched again with the documents. */
  readonly others?: () => Promise<readonly (() => Promise<void>)[]>;
}

const PARALLEL = 4;
const IDENTITIES: readonly IdentityKind[] = ["QE", "QVE", "TDQE"];
const UPDATES: readonly Update[] = ["standard", "early"];

/**
 * Fetches again what is stored. What cannot be had or does not verify stays as it was, while the rest moves on.
 *
 * @throws ProviderError the first failure, after everything else is done; `not-found` only when there is no other
 */
export async function refreshStored(scope: RefreshScope, context: RefreshContext): Promise<RefreshSummary> {
  const { count, failures } =
    scope.kind === "documents" ? await refreshDocuments(context) : await refreshCertificates(scope.fmspcs, context);
  for (const { error } of failures) {
    context.onFailure?.(error);
  }
  const worst = failures.find(({ error }) => !isNotFound(error)) ?? failures[0];
  if (worst !== undefined) {
    throw worst.error;
  }
  return { refreshed: count };
}

/** Whether upstream answered that it does not have something. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ProviderError && error.code === "not-found";
}

/** What came of several pieces of a refresh. */
interface Outcome {
  readonly count: number;
  readonly failures: readonly Failure[];
}

/**
 * Every stored document, and all identities: they are few, and every verifier needs them. The root's list comes first, since
 * all others are held against it.
 */
async function refreshDocuments(context: RefreshContext): Promise<Outcome> {
  const stored = await context.database.read((connection) => listDocuments(connection));
  const keys = new Set(stored.map(({ key }) => key));
  const identities = IDENTITIES.flatMap((identity) =>
    UPDATES.map((update): DocumentId => ({ kind: "identity", identity, version: 4, update })),
  );
  const known = stored.map(({ key }) => idOfKey(key)).filter((id) => id !== undefined);
  const ids = [...known.filter((id) => !isRetired(id)), ...identities.filter((id) => !keys.has(keyOf(id)))];
  const refresh = (id: DocumentId): Promise<void> => refreshDocument(id, keys.has(keyOf(id)), context);
  const first = await refreshAll(ids.filter(isRootList), context, refresh);
  const work = ids.filter((id) => !isRootList(id)).map((id) => () => refresh(id));
  const rest = await refreshAll([...work, ...((await context.others?.()) ?? [])], context, (one) => one());
  return together(first, rest);
}

function isRootList({ kind }: DocumentId): boolean {
  return kind === "root-ca-crl";
}

/** Upstream does not offer version 3 any more: what is stored of it may only grow old. */
function isRetired(id: DocumentId): boolean {
  return "version" in id && id.version === 3;
}

async function refreshDocument(id: DocumentId, isStored: boolean, context: RefreshContext): Promise<void> {
  const fetching = fetchAndStore(id, context);
  await (isStored ? fetching : unlessMissing(fetching));
}

async function fetchAndStore(id: DocumentId, context: RefreshContext): Promise<void> {
  const verified = await fetchVerified(id, context);
  await refusingAsGarbage(() => context.database.write((connection) => admitDocument(connection, verified)));
}

/** Certificates of platforms, with the newest TCB info of each of their FMSPCs: raw TCBs are resolved by both. */
async function refreshCertificates(fmspcs: readonly string[] | "all", context: RefreshContext): Promise<Outcome> {
  const platforms = await context.database.read((connection) => listPlatforms(connection));
  const chosen = platforms.filter(({ fmspc }) => fmspcs === "all" || fmspcs.includes(fmspc));
  const known = new Set(chosen.map(({ fmspc }) => fmspc));
  const early = [...known].map(
    (fmspc): DocumentId => ({ kind: "tcb-info", tee: "sgx", fmspc, version: 4, update: "early" }),
  );
  const infos = await refreshAll(early, context, (id) => refreshDocument(id, false, context));
  const fetchable = chosen.filter(isFetchable);
  const certificates = await refreshAll(fetchable, context, async (platform) => {
    await fillPlatform(platform, context, (id) => ensureStandard(id, context));
  });
  return together(infos, certificates);
}

/** The others come with the documents' own refresh, or are not there at all. */
async function ensureStandard(id: DocumentId, context: RefreshContext): Promise<void> {
  const isNeeded = id.kind === "tcb-info" && id.tee === "sgx" && id.update === "standard";
  if (isNeeded && !(await isCurrent(id, context))) {
    await fetchAndStore(id, context);
  }
}

/** Platforms that were uploaded without saying how upstream knows them stay as they are. */
function isFetchable({ encryptedPpid, manifest }: Platform): boolean {
  return manifest !== "" || !/^0*$/.test(encryptedPpid);
}

function together(one: Outcome, other: Outcome): Outcome {
  return { count: one.count + other.count, failures: [...one.failures, ...other.failures] };
}

async function refreshAll<Item>(
  items: readonly Item[],
  { parallel = PARALLEL }: RefreshContext,
  work: (item: Item) => Promise<void>,
): Promise<Outcome> {
  const failures = await inParallel(items, parallel, work);
  return { count: items.length - failures.length, failures };
}
