import {
  type Certificate,
  type CertificateRevocationList,
  equalBytes,
  parseCertificateRevocationList,
  type SignatureAlgorithmName,
} from "@sealserve/core";
import { AttestationError, type AttestationErrorCode, refuseAs } from "../errors.ts";
import type { CertificatePool } from "./certificate-pool.ts";
import type { Window } from "./window.ts";

/** The revocation list of one of a vendor's authorities, and the codes under which it is refused. */
export interface CrlKind {
  readonly what: string;
  readonly signatureAlgorithm: SignatureAlgorithmName;
  readonly malformed: AttestationErrorCode;
  readonly foreign: AttestationErrorCode;
  readonly forged: AttestationErrorCode;
}

/** A revocation list that its issuer signed. Time is not checked. */
export interface VerifiedCrl {
  readonly revoked: ReadonlySet<string>;
  /** Counts the issuer's lists. */
  readonly number: bigint | undefined;
  readonly window: Window;
}

/**
 * Verifies that `issuer` made the list. A list that is missing or cannot be read is a failure: it does not mean that
 * nothing is revoked.
 * @throws AttestationError the codes of the kind
 */
export async function verifyCrl(
  der: Uint8Array,
  issuer: Certificate,
  kind: CrlKind,
  pool: CertificatePool,
): Promise<VerifiedCrl> {
  const crl = refuseAs(kind.malformed, kind.what, () => parseCertificateRevocationList(der));
  if (!equalBytes(crl.issuer.raw, issuer.subject.raw)) {
    throw new AttestationError(kind.foreign, `${kind.what} comes from another issuer`, {
      expected: issuer.subject.commonName,
      actual: crl.issuer.commonName,
    });
  }
  if (crl.signatureAlgorithm !== kind.signatureAlgorithm || !(await pool.isSignedBy(crl, issuer))) {
    throw new AttestationError(kind.forged, `${kind.what} is not signed by its issuer`);
  }
  return { revoked: crl.revoked, number: crl.number, window: windowOf(crl, kind) };
}

function windowOf(crl: CertificateRevocationList, kind: CrlKind): Window {
  const { thisUpdate, nextUpdate } = crl;
  return {
    what: kind.what,
    notBefore: thisUpdate,
    notAfter: nextUpdate,
    early: "crl-not-yet-valid",
    late: "crl-expired",
    graceable: true,
  };
}

/** Refuses a certificate whose serial number is on the list of its issuer. */
export function refuseRevoked(certificate: Certificate, crl: VerifiedCrl, code: AttestationErrorCode): void {
  if (crl.revoked.has(certificate.serialNumber)) {
    throw new AttestationError(code, `${certificate.subject.commonName} is revoked by the ${crl.window.what}`, {
      expected: "a serial number that is not on the list",
      actual: certificate.serialNumber,
    });
  }
}
