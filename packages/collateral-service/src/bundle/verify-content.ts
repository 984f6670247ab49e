import { AttestationError, isStale, type TrustedRoot } from "@sealserve/attestation";
import { AMD_PREFIX, amdKey, idOfAmdKey } from "../amd/amd-document.ts";
import { verifyAmdDocument } from "../amd/verify-amd-document.ts";
import { documentKey } from "../store/document-key.ts";
import { idOfKey } from "../store/id-of-key.ts";
import { isRefusal, type VerifiedDocument, verifyDocument } from "../verify-document.ts";
import { type VerifiedPckCertificates, verifyPckCertificates } from "../verify-pck-certificates.ts";
import type { BundledDocument, BundledPlatform } from "./bundle-content.ts";
import { BundleError } from "./bundle-error.ts";

/** How a bundle is held against the present. */
export interface VerifyBundleOptions {
  readonly root: TrustedRoot;
  readonly now: Date;
  /** DER of the root's list that is stored, for a bundle without one. */
  readonly rootCaCrl?: Uint8Array | undefined;
}

/** What of a bundle may be stored. */
export interface VerifiedContent {
  readonly documents: readonly VerifiedDocument[];
  readonly platforms: readonly (Omit<BundledPlatform, "certificates"> & VerifiedPckCertificates)[];
  /** Keys of documents that expired on their way. */
  readonly expired: readonly string[];
}

/**
 * Proves each document and certificate of a bundle, as if it had come from upstream: the root's list and AMD's chains first,
 * since others are held against them.
 * @throws BundleError `bundle-refused` when anything fails for another reason than its age
 */
export async function verifyContent(
  content: { readonly documents: readonly BundledDocument[]; readonly platforms: readonly BundledPlatform[] },
  options: VerifyBundleOptions,
): Promise<VerifiedContent> {
  const find = (key: string): BundledDocument | undefined => content.documents.find((document) => document.key === key);
  const list = (await currentList(find, options)) ?? options.rootCaCrl;
  const documents: VerifiedDocument[] = [];
  const expired: string[] = [];
  for (const document of content.documents) {
    const verified = await verifyOne(document, find, list, options);
    if (verified === undefined) {
      expired.push(document.key);
    } else {
      documents.push(verified);
    }
  }
  const platforms = [];
  const trust = { root: options.root, clock: { now: options.now }, rootCaCrl: list };
  for (const platform of content.platforms) {
    const verified = await refusing(`platform ${platform.qeId}/${platform.pceId}`, () =>
      verifyPckCertificates(platform, platform.pceId, trust),
    );
    platforms.push({ ...platform, ...verified });
  }
  return { documents, platforms, expired };
}

/** The root's list of the bundle; one that is past its window would hide what a stored one has taken back since. */
async function currentList(
  find: (key: string) => BundledDocument | undefined,
  options: VerifyBundleOptions,
): Promise<Uint8Array | undefined> {
  const list = find(documentKey.rootCaCrl());
  return list && (await verifyOne(list, find, undefined, options))?.document.body;
}

async function verifyOne(
  document: BundledDocument,
  find: (key: string) => BundledDocument | undefined,
  rootCaCrl: Uint8Array | undefined,
  options: VerifyBundleOptions,
): Promise<VerifiedDocument | undefined> {
  try {
    return await refusing(document.key, () => verifyByKey(document, find, rootCaCrl, options));
  } catch (error) {
    if (error instanceof BundleError && error.cause instanceof AttestationError && isStale(error.cause.code)) {
      return undefined;
    }
    throw error;
  }
}

async function verifyByKey(
  { key, body, issuerChain, fetchedAt }: BundledDocument,
  find: (key: string) => BundledDocument | undefined,
  rootCaCrl: Uint8Array | undefined,
  { root, now }: VerifyBundleOptions,
): Promise<VerifiedDocument> {
  if (key.startsWith(AMD_PREFIX)) {
    const id = idOfAmdKey(key) ?? unknownKey(key);
    const crl = find(amdKey({ kind: "crl", vek: "vcek", product: id.product }))?.body;
    return verifyAmdDocument(id, body, { root, now, chain: issuerChain, crl: id.kind === "crl" ? undefined : crl });
  }
  const id = idOfKey(key) ?? unknownKey(key);
  return verifyDocument(id, { body, issuerChain }, { trust: { root, clock: { now }, rootCaCrl }, fetchedAt });
}

function unknownKey(key: string): never {
  throw new BundleError("bundle-malformed", "the bundle has a document of an unknown kind", {
    actual: key.slice(0, 80),
  });
}

async function refusing<Value>(what: string, verify: () => Promise<Value>): Promise<Value> {
  try {
    return await verify();
  } catch (cause) {
    if (isRefusal(cause)) {
      throw refusal(what, cause);
    }
    throw cause;
  }
}

/** The refusal of a whole bundle for one of its parts. */
export function refusal(what: string, cause: Error): BundleError {
  return new BundleError("bundle-refused", `${what} in the bundle is refused: ${cause.message}`, {
    remedy: "export it anew from a service whose upstream answers; nothing was imported",
    cause,
  });
}
