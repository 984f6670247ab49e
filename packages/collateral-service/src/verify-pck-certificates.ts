import { type DocumentTrust, type PckIdentity, verifyPckCertificateDocument } from "@sealserve/attestation";
import { ServiceError } from "./errors.ts";
import type { FetchedPckCertificates } from "./provider.ts";
import type { PckCa } from "./store/document-key.ts";
import type { PckCertificate } from "./store/platforms.ts";

/** The PCK certificates of one platform, proven. */
export interface VerifiedPckCertificates {
  /** 12 upper-case hex digits. */
  readonly fmspc: string;
  readonly ca: PckCa;
  readonly issuerChain: string;
  readonly certificates: readonly PckCertificate[];
}

const CAS: ReadonlyMap<string, PckCa> = new Map([
  ["Intel SGX PCK Platform CA", "platform"],
  ["Intel SGX PCK Processor CA", "processor"],
]);
/** More than any platform has TCBs. */
const MAXIMUM_CERTIFICATES = 256;

/**
 * Proves that certificates are genuine and of one platform: chain to the trusted root, window, and the same PPID, FMSPC and
 * PCEID in all of them.
 *
 * @param pceId 4 hex digits, which the certificates must have
 * @throws AttestationError the code of the first check that fails
 * @throws ServiceError `document-malformed`
 */
export async function verifyPckCertificates(
  { certificates, issuerChain }: Pick<FetchedPckCertificates, "certificates" | "issuerChain">,
  pceId: string,
  trust: DocumentTrust,
): Promise<VerifiedPckCertificates> {
  if (certificates.length === 0 || certificates.length > MAXIMUM_CERTIFICATES) {
    throw new ServiceError("document-malformed", "a platform has no PCK certificates, or too many", {
      expected: `1 to ${MAXIMUM_CERTIFICATES}`,
      actual: `${certificates.length}`,
    });
  }
  const proven = [];
  for (const pem of certificates) {
    const { content } = await verifyPckCertificateDocument(`${pem.trimEnd()}\n${issuerChain}`, trust);
    proven.push({ pem, identity: content });
  }
  const first = (proven[0] as (typeof proven)[number]).identity;
  for (const { identity } of proven) {
    expectSamePlatform(identity, first, pceId);
  }
  return {
    fmspc: first.fmspc.toUpperCase(),
    ca: CAS.get(first.issuer) as PckCa, // no other name is in a proven chain
    issuerChain,
    certificates: proven.map(({ pem, identity }) => ({ tcbm: tcbmOf(identity), pem })),
  };
}

/** CPUSVN and PCESVN (little endian) of a certificate, 36 upper-case hex digits. */
export function tcbmOf({ cpuSvn, pceSvn }: Pick<PckIdentity, "cpuSvn" | "pceSvn">): string {
  const low = (pceSvn & 0xff).toString(16).padStart(2, "0");
  const high = (pceSvn >> 8).toString(16).padStart(2, "0");
  return `${cpuSvn}${low}${high}`.toUpperCase();
}

function expectSamePlatform(identity: PckIdentity, first: PckIdentity, pceId: string): void {
  const actual = `PPID ${identity.ppid}, FMSPC ${identity.fmspc}, PCEID ${identity.pceId}, ${identity.issuer}`;
  const expected = `PPID ${first.ppid}, FMSPC ${first.fmspc}, PCEID ${pceId.toLowerCase()}, ${first.issuer}`;
  if (actual !== expected) {
    throw new ServiceError("document-malformed", "PCK certificates are not of the same platform", { expected, actual });
  }
}
