import type { DocumentTrust, TrustedRoot } from "@sealserve/attestation";
import { type CollateralProvider, type FetchedDocument, type PlatformRequest, ProviderError } from "../provider.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { type DocumentId, documentKey, type EvaluatedId } from "../store/document-key.ts";
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
  /** Has the root's list stored and in its window. @param chain PEM that ends in the root. @throws ProviderError */
  readonly ensureRootList: (chain: string) => Promise<void>;
}

/** PCK certificates that are proven, and whether upstream lacks some. */
export interface FetchedPlatform extends VerifiedPckCertificates {
  readonly notAvailable: number;
}

/**
 * Fetches a document and proves it. Whether its signer was taken back is looked up in the root's list, which is fetched first
 * where it is missing or past its end.
 * @param chain see {@link CollateralProvider.fetchDocument}
 * @throws ProviderError `garbage` too for one that does not verify
 */
export async function fetchVerified(id: DocumentId, context: FetchContext, chain?: string): Promise<VerifiedDocument> {
  const fetched = await context.provider.fetchDocument(id, chain);
  return proveFetched(id, fetched, context);
}

/**
 * As {@link fetchVerified}, of one TCB evaluation data number.
 * @throws ProviderError `garbage` too for one of another number
 */
export async function fetchVerifiedEvaluation(
  id: EvaluatedId,
  number: number,
  context: FetchContext,
): Promise<VerifiedDocument> {
  const verified = await proveFetched(id, await context.provider.fetchEvaluation(id, number), context);
  const { evaluationNumber } = verified.document;
  if (evaluationNumber !== number) {
    throw new ProviderError("garbage", `upstream sent evaluation ${evaluationNumber} in the place of ${number}`);
  }
  return verified;
}

async function proveFetched(
  id: DocumentId,
  fetched: FetchedDocument,
  context: FetchContext,
): Promise<VerifiedDocument> {
  if (id.kind !== "root-ca-crl") {
    await context.ensureRootList(fetched.issuerChain);
  }
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
  await context.ensureRootList(fetched.issuerChain);
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

/** A list that something else is held against: where upstream does not have it, nothing can be proven for now. */
export async function neededList<Value>(fetching: Promise<Value>): Promise<Value> {
  try {
    return await fetching;
  } catch (cause) {
    if (cause instanceof ProviderError && cause.code === "not-found") {
      throw new ProviderError("unavailable", "upstream does not have the revocation list of its root", { cause });
    }
    throw cause;
  }
}

async function trustOf({ database, root, now, windows }: FetchContext): Promise<DocumentTrust> {
  const list = await database.read((connection) => findDocument(connection, documentKey.rootCaCrl()));
  return { root, clock: windows === "any" ? "any" : { now: now() }, rootCaCrl: list?.body };
}
