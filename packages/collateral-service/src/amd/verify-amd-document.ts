import {
  parseVekExtension,
  type SnpProduct,
  type SnpTcb,
  type TrustedRoot,
  type VerifiedSnpCollateral,
  verifySnpCollateral,
} from "@sealserve/attestation";
import {
  CoreError,
  decodeUtf8,
  parseCertificate,
  parseCertificateChainPem,
  parseCertificateRevocationList,
} from "@sealserve/core";
import { revocationsIn } from "../drop-revoked.ts";
import { ServiceError } from "../errors.ts";
import type { VerifiedDocument } from "../verify-document.ts";
import { type AmdCertificateId, type AmdDocumentId, amdKey, type VekKind } from "./amd-document.ts";

/** What AMD's documents are held against. */
export interface AmdTrust {
  readonly root: TrustedRoot;
  readonly now: Date;
  /** PEM of the CA and the root that are stored; a chain itself needs none. */
  readonly chain?: string | undefined;
  /** DER of the root's list that is stored. */
  readonly crl?: Uint8Array | undefined;
}

/**
 * Proves a document of AMD's and that it is the one which was asked for: chain to the pinned root of the product, not revoked,
 * in its window; a list by its issuer; a certificate for this chip (a VLEK for none) and this TCB.
 *
 * @throws AttestationError the code of the first check that fails
 * @throws ServiceError `document-malformed`
 */
export async function verifyAmdDocument(
  id: AmdDocumentId,
  body: Uint8Array,
  trust: AmdTrust,
): Promise<VerifiedDocument> {
  return readingStrictly(async () => {
    switch (id.kind) {
      case "cert-chain":
        return verifyChain(id, body, trust);
      case "crl":
        return verifyList(id, body, trust);
      case "vcek":
      case "vlek":
      default:
        return verifyCertificate(id, body, trust);
    }
  });
}

async function verifyChain(
  id: AmdDocumentId & { readonly kind: "cert-chain" },
  body: Uint8Array,
  trust: AmdTrust,
): Promise<VerifiedDocument> {
  const pem = decodeUtf8(body);
  const verified = await verifySnpCollateral({ ...issuersIn(pem), ...listIn(trust) }, trust);
  expectIssuer(id.vek, id.product, verified);
  const certificates = parseCertificateChainPem(pem);
  const issued = new Date(Math.max(...certificates.map(({ notBefore }) => notBefore.getTime())));
  const nextUpdate = new Date(Math.min(...certificates.map(({ notAfter }) => notAfter.getTime())));
  return toVerified(id, body, { issued, nextUpdate, chain: pem, now: trust.now });
}

async function verifyList(
  id: AmdDocumentId & { readonly kind: "crl" },
  body: Uint8Array,
  trust: AmdTrust,
): Promise<VerifiedDocument> {
  const chain = chainIn(trust);
  const verified = await verifySnpCollateral({ ...issuersIn(chain), crl: body }, trust);
  expectIssuer(id.vek, id.product, verified);
  const { thisUpdate, nextUpdate, number = -1n } = parseCertificateRevocationList(body);
  const { document } = toVerified(id, body, { issued: thisUpdate, nextUpdate, chain, now: trust.now });
  // Both paths have lists of the one root.
  const list = `the CRL of ARK-${id.product}`;
  const marks = [[`issue of ${list}`, BigInt(thisUpdate.getTime())] as const, [`number of ${list}`, number] as const];
  return { document, marks: new Map(marks), revocations: revocationsIn(body) };
}

/** A VCEK is of a chip, a VLEK of none. */
async function verifyCertificate(id: AmdCertificateId, body: Uint8Array, trust: AmdTrust): Promise<VerifiedDocument> {
  const chain = chainIn(trust);
  const verified = await verifySnpCollateral({ ...issuersIn(chain), ...listIn(trust), vek: body }, trust);
  expectIssuer(id.kind, id.product, verified);
  const certificate = parseCertificate(body);
  const { hardwareId, levels, productName } = parseVekExtension(certificate);
  expectSame("chip of the certificate", id.kind === "vcek" ? id.hardwareId : "none", hardwareId ?? "none");
  expectSame("TCB of the certificate", showTcb(id.tcb), showTcb(levels));
  expectSame("product of the certificate", id.product, productName?.replace(/-[A-Z][0-9]$/, "") ?? "none");
  const { notBefore: issued, notAfter: nextUpdate } = certificate;
  return toVerified(id, body, { issued, nextUpdate, chain, now: trust.now });
}

interface Facts {
  readonly issued: Date;
  readonly nextUpdate: Date;
  readonly chain: string;
  readonly now: Date;
}

function toVerified(id: AmdDocumentId, body: Uint8Array, { chain, now, ...window }: Facts): VerifiedDocument {
  const document = {
    key: amdKey(id),
    body,
    issuerChain: chain,
    ...window,
    evaluationNumber: undefined,
    fetchedAt: now,
  };
  return { document, marks: new Map() };
}

/** CA of the endorsement keys and root, by who signed whom. */
function issuersIn(pem: string): { readonly ask: Uint8Array; readonly ark: Uint8Array } {
  const certificates = parseCertificateChainPem(pem);
  const [ark, ...roots] = certificates.filter(({ issuer, subject }) => issuer.commonName === subject.commonName);
  const [ask, ...others] = certificates.filter((certificate) => certificate !== ark);
  if (ark === undefined || ask === undefined || roots.length + others.length > 0) {
    throw new ServiceError("document-malformed", "a chain of AMD's is not exactly one CA and its root");
  }
  return { ask: ask.raw, ark: ark.raw };
}

function chainIn({ chain }: AmdTrust): string {
  if (chain === undefined) {
    throw new ServiceError("document-malformed", "there is no chain to hold a document of AMD's against");
  }
  return chain;
}

function listIn({ crl }: AmdTrust): { readonly crl?: Uint8Array } {
  return crl === undefined ? {} : { crl };
}

function expectIssuer(vek: VekKind, product: SnpProduct, verified: VerifiedSnpCollateral): void {
  expectSame("product of AMD's chain", product, verified.product);
  expectSame("kind of AMD's chain", vek, verified.signingKey);
}

function expectSame(what: string, expected: string, actual: string): void {
  if (actual !== expected) {
    throw new ServiceError("document-malformed", `the ${what} is another one`, { expected, actual });
  }
}

function showTcb({ fmc = 0, bootLoader = 0, tee = 0, snp = 0, microcode = 0 }: Partial<SnpTcb>): string {
  return [fmc, bootLoader, tee, snp, microcode].join(", ");
}

async function readingStrictly<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CoreError) {
      throw new ServiceError("document-malformed", `a document of AMD's cannot be read: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
