import {
  type Certificate,
  type CertificateRevocationList,
  equalBytes,
  parseCertificateRevocationList,
  verifySignedBy,
} from "@sealserve/core";
import { AttestationError, type CollateralErrorCode, type RevocationErrorCode, refuseAs } from "../errors.ts";
import type { Window } from "./window.ts";

interface CrlKind {
  readonly what: string;
  readonly malformed: CollateralErrorCode;
  readonly foreign: RevocationErrorCode;
  readonly forged: RevocationErrorCode;
}

/** The two revocation lists of Intel's hierarchy. */
export const CRLS = {
  root: {
    what: "root CA CRL",
    malformed: "root-crl-malformed",
    foreign: "root-crl-issuer-mismatch",
    forged: "root-crl-signature-invalid",
  },
  pck: {
    what: "PCK CRL",
    malformed: "pck-crl-malformed",
    foreign: "pck-crl-issuer-mismatch",
    forged: "pck-crl-signature-invalid",
  },
} as const satisfies Record<string, CrlKind>;

/** A revocation list that its issuer signed. Time is not checked. */
export interface VerifiedCrl {
  readonly revoked: ReadonlySet<string>;
  readonly window: Window;
}

/**
 * Verifies that `issuer` made the list. A list that is missing or cannot be read is a failure: it does not mean that
 * nothing is revoked.
 * @throws AttestationError the codes of the kind
 */
export async function verifyCrl(der: Uint8Array, issuer: Certificate, kind: CrlKind): Promise<VerifiedCrl> {
  const crl = refuseAs(kind.malformed, kind.what, () => parseCertificateRevocationList(der));
  if (!equalBytes(crl.issuer.raw, issuer.subject.raw)) {
    throw new AttestationError(kind.foreign, `${kind.what} comes from another issuer`, {
      expected: issuer.subject.commonName,
      actual: crl.issuer.commonName,
    });
  }
  if (crl.signatureAlgorithm !== "ecdsa-with-sha256" || !(await verifySignedBy(crl, issuer.publicKeyInfo))) {
    throw new AttestationError(kind.forged, `${kind.what} is not signed by its issuer`);
  }
  return { revoked: crl.revoked, window: windowOf(crl, kind) };
}

function windowOf(crl: CertificateRevocationList, kind: CrlKind): Window {
  const { thisUpdate, nextUpdate } = crl;
  return {
    what: kind.what,
    notBefore: thisUpdate,
    notAfter: nextUpdate,
    early: "crl-not-yet-valid",
    late: "crl-expired",
  };
}

/** Refuses a certificate whose serial number is on the list of its issuer. */
export function refuseRevoked(certificate: Certificate, crl: VerifiedCrl, code: RevocationErrorCode): void {
  if (crl.revoked.has(certificate.serialNumber)) {
    throw new AttestationError(code, `${certificate.subject.commonName} is revoked by the ${crl.window.what}`, {
      expected: "a serial number that is not on the list",
      actual: certificate.serialNumber,
    });
  }
}
