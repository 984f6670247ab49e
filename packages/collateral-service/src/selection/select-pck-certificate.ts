import type { PckExtension, TcbInfo } from "@sealserve/attestation";
import type { RawTcb } from "../store/platforms.ts";
import { isAtLeast, type Tcb, tcbOf } from "./tcb.ts";

/** One of a platform's certificates, by what it certifies. */
export interface Candidate {
  readonly tcbm: string;
  readonly extension: Pick<PckExtension, "components" | "pceSvn" | "pceId" | "fmspc" | "ppid">;
}

/**
 * The certificate of a platform for a raw TCB, by the rule of Intel's PCK certificate selection library: certificates go by
 * the TCB level that they reach, highest level first, and within one level by their TCBs; the first whose TCB the platform
 * has is the one. That is not always the largest: a certificate of a better level wins over an incomparable one of a lower.
 *
 * @param pceId 4 hex digits, as the platform's id has it
 * @returns undefined when the platform has none for this TCB, or documents and certificates do not belong together
 */
export function selectPckCertificate<Certificate extends Candidate>(
  raw: RawTcb,
  pceId: string,
  certificates: readonly Certificate[],
  tcbInfo: TcbInfo,
): Certificate | undefined {
  if (!belongTogether(pceId, certificates, tcbInfo)) {
    return undefined;
  }
  const platform = tcbOf(raw);
  return byLevels(certificates, tcbInfo.levels).find(({ extension }) => isAtLeast(platform, extension));
}

/** The TCB type is 0 and there is a level, or the TCB info would not have been parsed. */
function belongTogether(
  pceId: string,
  certificates: readonly Candidate[],
  { tee, pceId: documentPceId, fmspc }: TcbInfo,
): boolean {
  const expectedPceId = pceId.toLowerCase();
  const ppid = certificates[0]?.extension.ppid;
  return (
    tee === "sgx" &&
    documentPceId === expectedPceId &&
    certificates.every(
      ({ extension }) => extension.pceId === expectedPceId && extension.fmspc === fmspc && extension.ppid === ppid,
    )
  );
}

/** All certificates: those of the first level, in order, then those of the next; last those that reach none. */
function byLevels<Certificate extends Candidate>(
  certificates: readonly Certificate[],
  levels: readonly Tcb[],
): Certificate[] {
  const buckets = Array.from({ length: levels.length + 1 }, (): Certificate[] => []);
  for (const certificate of certificates) {
    const level = levels.findIndex((one) => isAtLeast(certificate.extension, one));
    insert(buckets.at(level) as Certificate[], certificate); // at(-1), the last, when no level is reached
  }
  return buckets.flat();
}

/** Before the first certificate that the new one is at least, so that TCBs go down where they can be compared. */
function insert<Certificate extends Candidate>(bucket: Certificate[], certificate: Certificate): void {
  const index = bucket.findIndex(({ extension }) => isAtLeast(certificate.extension, extension));
  bucket.splice(index === -1 ? bucket.length : index, 0, certificate);
}
