import type { KeyUsage } from "@sealserve/core";
import type { ChainKind, ChainRole } from "../chain-kind.ts";

const SIGNS_CERTIFICATES: readonly KeyUsage[] = ["keyCertSign", "cRLSign"];
const SIGNS_DATA: readonly KeyUsage[] = ["digitalSignature"];

// Names and uses: Intel SGX PCK certificate and CRL profile specification.
const ROOT = role(["Intel SGX Root CA"], true, SIGNS_CERTIFICATES);
const PCK_CA = role(["Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"], true, SIGNS_CERTIFICATES);
const PCK = role(["Intel SGX PCK Certificate"], false, SIGNS_DATA);
// The same root also certifies PCK CAs: only this name may sign documents.
const TCB_SIGNER = role(["Intel SGX TCB Signing"], false, SIGNS_DATA);

const TRUST = { signatureAlgorithm: "ecdsa-with-sha256", untrusted: "root-untrusted" } as const;
const ISSUER_WINDOW = { early: "issuer-chain-not-yet-valid", late: "issuer-chain-expired" } as const;

/** The chains that a verification of an Intel TEE meets; nothing else enumerates their certificate names. */
export const CHAINS = {
  pck: {
    what: "PCK certificate chain",
    roles: [PCK, PCK_CA, ROOT],
    ...TRUST,
    malformed: "pck-chain-malformed",
    invalid: "pck-chain-invalid",
    early: "pck-chain-not-yet-valid",
    late: "pck-chain-expired",
  },
  pckCrlIssuer: {
    what: "issuer chain of the PCK CRL",
    roles: [PCK_CA, ROOT],
    ...TRUST,
    malformed: "pck-crl-issuer-chain-malformed",
    invalid: "pck-crl-issuer-chain-invalid",
    ...ISSUER_WINDOW,
  },
  tcbInfoIssuer: {
    what: "issuer chain of the TCB info",
    roles: [TCB_SIGNER, ROOT],
    ...TRUST,
    malformed: "tcb-info-issuer-chain-malformed",
    invalid: "tcb-info-issuer-chain-invalid",
    ...ISSUER_WINDOW,
  },
  qeIdentityIssuer: {
    what: "issuer chain of the QE identity",
    roles: [TCB_SIGNER, ROOT],
    ...TRUST,
    malformed: "qe-identity-issuer-chain-malformed",
    invalid: "qe-identity-issuer-chain-invalid",
    ...ISSUER_WINDOW,
  },
} as const satisfies Record<string, ChainKind>;

function role(commonNames: readonly string[], ca: boolean, keyUsage: readonly KeyUsage[]): ChainRole {
  return { commonNames, ca, key: "P-256", keyUsage };
}
