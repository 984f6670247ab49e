import type { CrlKind } from "../revocation.ts";

/** The two revocation lists of Intel's hierarchy. */
export const CRLS = {
  root: {
    what: "root CA CRL",
    signatureAlgorithm: "ecdsa-with-sha256",
    malformed: "root-crl-malformed",
    foreign: "root-crl-issuer-mismatch",
    forged: "root-crl-signature-invalid",
  },
  pck: {
    what: "PCK CRL",
    signatureAlgorithm: "ecdsa-with-sha256",
    malformed: "pck-crl-malformed",
    foreign: "pck-crl-issuer-mismatch",
    forged: "pck-crl-signature-invalid",
  },
} as const satisfies Record<string, CrlKind>;
