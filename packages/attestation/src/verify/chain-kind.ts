import { AttestationError, type ChainErrorCode, type WindowErrorCode } from "../errors.ts";

/** A place in one of Intel's certificate chains (Intel SGX PCK certificate and CRL profile specification). */
export interface ChainRole {
  /** The common names that the holder of the role may have. */
  readonly commonNames: readonly string[];
  readonly ca: boolean;
}

/** What a chain must look like, leaf first, and the codes under which it is refused. */
export interface ChainKind {
  readonly what: string;
  readonly roles: readonly ChainRole[];
  readonly malformed: ChainErrorCode;
  readonly invalid: ChainErrorCode;
  readonly early: WindowErrorCode;
  readonly late: WindowErrorCode;
}

const ROOT: ChainRole = { commonNames: ["Intel SGX Root CA"], ca: true };
const PCK_CA: ChainRole = { commonNames: ["Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"], ca: true };
const PCK: ChainRole = { commonNames: ["Intel SGX PCK Certificate"], ca: false };
// The same root also certifies PCK CAs: only this name may sign documents.
const TCB_SIGNER: ChainRole = { commonNames: ["Intel SGX TCB Signing"], ca: false };

const ISSUER_WINDOW = { early: "issuer-chain-not-yet-valid", late: "issuer-chain-expired" } as const;

/** The chains that a verification meets; nothing else enumerates certificate names. */
export const CHAINS = {
  pck: {
    what: "PCK certificate chain",
    roles: [PCK, PCK_CA, ROOT],
    malformed: "pck-chain-malformed",
    invalid: "pck-chain-invalid",
    early: "pck-chain-not-yet-valid",
    late: "pck-chain-expired",
  },
  pckCrlIssuer: {
    what: "issuer chain of the PCK CRL",
    roles: [PCK_CA, ROOT],
    malformed: "pck-crl-issuer-chain-malformed",
    invalid: "pck-crl-issuer-chain-invalid",
    ...ISSUER_WINDOW,
  },
  tcbInfoIssuer: {
    what: "issuer chain of the TCB info",
    roles: [TCB_SIGNER, ROOT],
    malformed: "tcb-info-issuer-chain-malformed",
    invalid: "tcb-info-issuer-chain-invalid",
    ...ISSUER_WINDOW,
  },
  qeIdentityIssuer: {
    what: "issuer chain of the QE identity",
    roles: [TCB_SIGNER, ROOT],
    malformed: "qe-identity-issuer-chain-malformed",
    invalid: "qe-identity-issuer-chain-invalid",
    ...ISSUER_WINDOW,
  },
} as const satisfies Record<string, ChainKind>;

/** The refusal of a chain for what it is, as opposed to when it is used. */
export function invalid(kind: ChainKind, fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError(kind.invalid, `${kind.what} ${fault}`, { expected, actual });
}
