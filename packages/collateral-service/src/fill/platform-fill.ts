import { refuseRevokedSince } from "../drop-revoked.ts";
import { type PlatformRequest, ProviderError } from "../provider.ts";
import { resolveStored } from "../selection/select-stored.ts";
import { type DocumentId, keyOf } from "../store/document-key.ts";
import { findDocument } from "../store/documents.ts";
import {
  listResolvedTcbs,
  type PlatformId,
  putPlatform,
  type RawTcb,
  replacePckCertificates,
} from "../store/platforms.ts";
import { type FetchContext, type FetchedPlatform, fetchVerifiedPlatform, refusingAsGarbage } from "./fetch-verified.ts";

/** A platform to be fetched. */
export interface PlatformOrder extends PlatformId {
  /** 768 hex digits; not used beside a manifest. */
  readonly encryptedPpid: string;
  /** Hex, or empty. */
  readonly manifest: string;
}

/** Has a document stored and in its window, or throws a ProviderError. */
export type EnsureDocument = (id: DocumentId) => Promise<void>;

/**
 * Fetches the certificates of a platform, has the TCB infos that they are selected by, and stores the platform.
 *
 * @param ensure shared by all platforms that are filled at the same time: many have the same TCB infos
 * @param tcb to be resolved too, beside those that were before
 * @throws ProviderError `not-found` where Intel has no certificate for it, or no TCB info for SGX
 */
export async function fillPlatform(
  order: PlatformOrder,
  context: FetchContext,
  ensure: EnsureDocument,
  tcb?: RawTcb,
): Promise<Pick<FetchedPlatform, "notAvailable">> {
  const fetched = await fetchVerifiedPlatform(requestFor(order), context);
  await ensureTcbInfos(fetched.fmspc, ensure);
  await storePlatform(order, fetched, context, tcb);
  return fetched;
}

/** How upstream is asked for a platform. */
function requestFor({ pceId, encryptedPpid, manifest }: PlatformOrder): PlatformRequest {
  return manifest === "" ? { pceId, encryptedPpid } : { pceId, manifest };
}

/** Only the standard one for SGX has to exist. */
async function ensureTcbInfos(fmspc: string, ensure: EnsureDocument): Promise<void> {
  const ids = (["sgx", "tdx"] as const).flatMap((tee) =>
    (["early", "standard"] as const).map((update) => ({ kind: "tcb-info", tee, fmspc, version: 4, update }) as const),
  );
  await Promise.all(
    ids.map(async (id) => {
      const isOptional = id.tee === "tdx" || id.update === "early";
      await (isOptional ? unlessMissing(ensure(id)) : ensure(id));
    }),
  );
}

/** What upstream does not have is left out. */
export async function unlessMissing(fetch: Promise<void>): Promise<void> {
  try {
    await fetch;
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== "not-found") {
      throw error;
    }
  }
}

/** Whether a document is stored and in its window. */
export async function isCurrent(id: DocumentId, { database, now, windows }: FetchContext): Promise<boolean> {
  const stored = await database.read((connection) => findDocument(connection, keyOf(id)));
  return stored !== undefined && (windows === "any" || now() <= stored.nextUpdate);
}

function storePlatform(
  { qeId, pceId, encryptedPpid, manifest }: PlatformOrder,
  { fmspc, ca, issuerChain, certificates }: FetchedPlatform,
  { database }: FetchContext,
  tcb: RawTcb | undefined,
): Promise<void> {
  const id = { qeId, pceId };
  return refusingAsGarbage(() =>
    database.write(async (connection) => {
      await refuseRevokedSince(connection, issuerChain);
      await putPlatform(connection, { ...id, encryptedPpid, manifest, fmspc, ca, issuerChain });
      await replacePckCertificates(connection, id, certificates);
      const known = await listResolvedTcbs(connection, id);
      for (const raw of tcb === undefined ? known : [...known, tcb]) {
        await resolveStored(connection, id, raw);
      }
    }),
  );
}
