import type { DocumentTrust, TrustedRoot } from "@sealserve/attestation";
import { type CollateralProvider, type PlatformRequest, ProviderError } from "../provider.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { type DocumentId, documentKey } from "../store/document-key.ts";
import { findDocument } from "../store/documents.ts";
import { isRefusal, type VerifiedDocument, verifyDocument } from "../verify-document.ts";
import { type VerifiedPckCertificates, verifyPckCertificates } from "../verify-pck-certificates.ts";

/** What fetching and proving needs. */
export interface FetchContext {
  readonly provider: CollateralProvider;
  readonly database: SqlDatabase;
  readonly root: TrustedRoot;
  readonly now: () => Date;
  /** Whether documents must be in their windows to be stored; `any` is for collections of documents from other times. */
  readonly windows?: "now" | "any";
}

/** PCK certificates that are proven, and whether upstream lacks some. */
export interface FetchedPlatform extends VerifiedPckCertificates {
  readonly notAvailable: number;
}

/** Fetches a document and proves it. @throws ProviderError `garbage` too for one that does not verify */
export async function fetchVerified(id: DocumentId, context: FetchContext): Promise<VerifiedDocument> {
  const fetched = await context.provider.fetchDocument(id);
  return refusingAsGarbage(async () =>
    verifyDocument(id, fetched, { trust: await trustOf(context), fetchedAt: context.now() }),
  );
}

/** Fetches the certificates of a platform and proves them. @throws ProviderError */
export async function fetchVerifiedPlatform(request: PlatformRequest, context: FetchContext): Promise<FetchedPlatform> {
  const fetched = await context.provider.fetchPckCertificates(request);
  if (fetched.certificates.length === 0) {
    throw new ProviderError("not-found", "upstream has no certificate for any TCB of the platform");
  }
  const { notAvailable } = fetched;
  return refusingAsGarbage(async () => ({
    ...(await verifyPckCertificates(fetched, request.pceId, await trustOf(context))),
    notAvailable,
  }));
}

/** What is refused when it is verified or stored is upstream's fault, and what was stored before stays. */
export async function refusingAsGarbage<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    if (isRefusal(cause)) {
      throw new ProviderError("garbage", `what upstream sent does not verify: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

async function trustOf({ database, root, now, windows }: FetchContext): Promise<DocumentTrust> {
  const list = await database.read((connection) => findDocument(connection, documentKey.rootCaCrl()));
  return { root, clock: windows === "any" ? "any" : { now: now() }, rootCaCrl: list?.body };
}
