import type { DocumentTrust } from "@sealserve/attestation";
import { parseCertificateChainPem, undefinedIfMalformed } from "@sealserve/core";
import { invalid } from "../http/request-error.ts";
import { currentTrust, type ServiceContext } from "../service-context.ts";
import type { DocumentId, PckCa } from "../store/document-key.ts";
import type { PlatformId } from "../store/platforms.ts";
import { type VerifiedDocument, verifyDocument } from "../verify-document.ts";
import { type VerifiedPckCertificates, verifyPckCertificates } from "../verify-pck-certificates.ts";
import type { UploadedChains } from "./parse-chains.ts";
import type { Upload, UploadedPlatform } from "./parse-upload.ts";

/** The certificates of a platform, proven. */
export interface VerifiedPlatform extends PlatformId, VerifiedPckCertificates {}

/** Everything in an upload, proven; whether it may be stored shows in the transaction that stores it. */
export interface VerifiedUpload {
  readonly upload: Upload;
  readonly documents: readonly VerifiedDocument[];
  readonly platforms: readonly VerifiedPlatform[];
}

/**
 * Proves each document and certificate of an upload. A root's list in it counts for everything else in it.
 *
 * @throws AttestationError, ServiceError the first refusal
 * @throws RequestError `invalid-request` when a document comes without its chain
 */
export async function verifyUpload(upload: Upload, context: ServiceContext): Promise<VerifiedUpload> {
  let trust = await context.database.read((connection) => currentTrust(connection, context));
  const fetchedAt = context.now();
  const documents: VerifiedDocument[] = [];
  for (const { id, body } of upload.documents) {
    const issuerChain = chainFor(id, upload.chains);
    documents.push(await verifyDocument(id, { body, issuerChain }, { trust, fetchedAt }));
    trust = id.kind === "root-ca-crl" ? { ...trust, rootCaCrl: body } : trust;
  }
  const platforms = [];
  for (const platform of upload.certificates) {
    platforms.push(await verifyPlatform(platform, upload.chains, trust));
  }
  return { upload, documents, platforms };
}

function chainFor(id: DocumentId, { pck, tcbInfo, identity }: UploadedChains): string {
  const chains = {
    "tcb-info": tcbInfo,
    "evaluation-numbers": tcbInfo,
    identity,
    "pck-crl": id.kind === "pck-crl" ? pck[id.ca] : undefined,
    "root-ca-crl": pck.platform ?? pck.processor ?? tcbInfo ?? identity,
    crl: pck.platform ?? pck.processor ?? tcbInfo ?? identity,
  };
  return chains[id.kind] ?? refuse(`a document of the kind ${id.kind} has no issuer chain`);
}

async function verifyPlatform(
  { qeId, pceId, certificates }: UploadedPlatform,
  { pck }: UploadedChains,
  trust: DocumentTrust,
): Promise<VerifiedPlatform> {
  const ca = issuerOf(certificates[0] as string);
  const issuerChain = pck[ca] ?? refuse(`the certificates of the ${ca} CA have no issuer chain`);
  return { qeId, pceId, ...(await verifyPckCertificates({ certificates, issuerChain }, pceId, trust)) };
}

/** The CA that a certificate names, which says what chain to prove it with. */
function issuerOf(pem: string): PckCa {
  const [certificate] = undefinedIfMalformed(() => parseCertificateChainPem(pem)) ?? [];
  const name = certificate?.issuer.commonName ?? "";
  if (!/Platform|Processor/.test(name)) {
    throw invalid("a PCK certificate cannot be read, or its issuer is unknown");
  }
  return name.includes("Platform") ? "platform" : "processor";
}

function refuse(what: string): never {
  throw invalid(what);
}
