import { admitDocument } from "../admit-document.ts";
import { type PlatformRequest, ProviderError } from "../provider.ts";
import type { SqlConnection } from "../sql/database.ts";
import { type DocumentId, keyOf } from "../store/document-key.ts";
import { findDocument } from "../store/documents.ts";
import {
  listResolvedTcbs,
  type PlatformId,
  putPlatform,
  type RawTcb,
  replacePckCertificates,
} from "../store/platforms.ts";
import type { VerifiedDocument } from "../verify-document.ts";
import {
  type FetchContext,
  type FetchedPlatform,
  fetchVerified,
  fetchVerifiedPlatform,
  refusingAsGarbage,
} from "./fetch-verified.ts";

/** A platform to be fetched. */
export interface PlatformOrder extends PlatformId {
  /** 768 hex digits; not used beside a manifest. */
  readonly encryptedPpid: string;
  /** Hex, or empty. */
  readonly manifest: string;
}

/** What storing platforms needs. */
export interface PlatformContext extends FetchContext {
  /**
   * Selects the certificate for a raw TCB among those of its platform, and remembers it; nothing happens where there is none
   * for it.
   */
  readonly resolveTcb: (connection: SqlConnection, platform: PlatformId, tcb: RawTcb) => Promise<void>;
}

/**
 * Fetches the certificates of a platform and the TCB infos that they are selected by, and stores all of it at once.
 *
 * @param tcb to be resolved too, beside those that were before
 * @throws ProviderError `not-found` where Intel has no certificate for it, or no TCB info for SGX
 */
export async function fillPlatform(
  order: PlatformOrder,
  context: PlatformContext,
  tcb?: RawTcb,
): Promise<Pick<FetchedPlatform, "notAvailable">> {
  const fetched = await fetchVerifiedPlatform(requestFor(order), context);
  const tcbInfos = await fetchTcbInfos(fetched.fmspc, context);
  await refusingAsGarbage(() => storePlatform(order, fetched, tcbInfos, context, tcb));
  return fetched;
}

/** How upstream is asked for a platform. */
function requestFor({ pceId, encryptedPpid, manifest }: PlatformOrder): PlatformRequest {
  return manifest === "" ? { pceId, encryptedPpid } : { pceId, manifest };
}

/** Those that are not stored, or out of date. Only the standard one for SGX has to exist. */
async function fetchTcbInfos(fmspc: string, context: FetchContext): Promise<VerifiedDocument[]> {
  const ids = (["sgx", "tdx"] as const).flatMap((tee) =>
    (["early", "standard"] as const).map((update) => ({ kind: "tcb-info", tee, fmspc, version: 4, update }) as const),
  );
  const fetched = await Promise.all(
    ids.map(async (id) => {
      const isOptional = id.tee === "tdx" || id.update === "early";
      return (await isCurrent(id, context)) ? undefined : fetchTcbInfo(id, isOptional, context);
    }),
  );
  return fetched.filter((document) => document !== undefined);
}

async function fetchTcbInfo(
  id: DocumentId,
  isOptional: boolean,
  context: FetchContext,
): Promise<VerifiedDocument | undefined> {
  try {
    return await fetchVerified(id, context);
  } catch (error) {
    if (isOptional && error instanceof ProviderError && error.code === "not-found") {
      return undefined;
    }
    throw error;
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
  tcbInfos: readonly VerifiedDocument[],
  { database, resolveTcb }: PlatformContext,
  tcb: RawTcb | undefined,
): Promise<void> {
  const id = { qeId, pceId };
  return database.write(async (connection) => {
    for (const tcbInfo of tcbInfos) {
      await admitDocument(connection, tcbInfo);
    }
    await putPlatform(connection, { ...id, encryptedPpid, manifest, fmspc, ca, issuerChain });
    await replacePckCertificates(connection, id, certificates);
    const known = await listResolvedTcbs(connection, id);
    for (const raw of tcb === undefined ? known : [...known, tcb]) {
      await resolveTcb(connection, id, raw);
    }
  });
}
