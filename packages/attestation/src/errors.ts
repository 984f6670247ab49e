import { CoreError, SealserveError } from "@sealserve/core";

/** Evidence that is not in a form this verifier reads. */
export type EvidenceErrorCode =
  | "quote-too-large"
  | "quote-malformed"
  | "quote-version-unsupported"
  | "quote-key-type-unsupported"
  | "quote-qe-vendor-unknown"
  | "quote-tee-mismatch"
  | "unsupported-evidence"
  | "sigstruct-malformed"
  | "sigstruct-signature-invalid";

/** Collateral that is missing a document or cannot be read. */
export type CollateralErrorCode =
  | "collateral-malformed"
  | "tcb-info-malformed"
  | "tcb-info-version-unsupported"
  | "qe-identity-malformed"
  | "qe-identity-version-unsupported"
  | "evaluation-numbers-malformed"
  | "tcb-status-unknown"
  | "collateral-tee-mismatch"
  | "root-crl-malformed"
  | "pck-crl-malformed";

/** A certificate chain that does not lead from the expected leaf to the trusted root. */
export type ChainErrorCode =
  | "root-untrusted"
  | "root-malformed"
  | "pck-chain-missing"
  | "pck-chain-malformed"
  | "pck-chain-invalid"
  | "pck-extension-malformed"
  | "pck-crl-issuer-chain-malformed"
  | "pck-crl-issuer-chain-invalid"
  | "tcb-info-issuer-chain-malformed"
  | "tcb-info-issuer-chain-invalid"
  | "qe-identity-issuer-chain-malformed"
  | "qe-identity-issuer-chain-invalid";

const ISSUER_REVOKED = ["root-revoked", "intermediate-revoked", "tcb-signer-revoked", "snp-ask-revoked"] as const;

/** A certificate that its issuer took back, or a revocation list that does not count. */
export type RevocationErrorCode =
  | (typeof ISSUER_REVOKED)[number]
  | "pck-revoked"
  | "root-crl-issuer-mismatch"
  | "root-crl-signature-invalid"
  | "pck-crl-issuer-mismatch"
  | "pck-crl-signature-invalid";

const STALE = [
  "pck-chain-expired",
  "pck-chain-not-yet-valid",
  "issuer-chain-expired",
  "issuer-chain-not-yet-valid",
  "crl-expired",
  "crl-not-yet-valid",
  "tcb-info-expired",
  "tcb-info-not-yet-valid",
  "qe-identity-expired",
  "qe-identity-not-yet-valid",
  "evaluation-numbers-expired",
  "evaluation-numbers-not-yet-valid",
  "snp-chain-expired",
  "snp-chain-not-yet-valid",
] as const;

/** A document or certificate used outside its window; the evidence may be genuine, the endorsements are stale. */
export type WindowErrorCode = (typeof STALE)[number];

/** A proof about collateral or evidence that failed. */
export type ProofErrorCode =
  | "tcb-info-signature-invalid"
  | "tcb-info-tee-mismatch"
  | "tcb-info-fmspc-mismatch"
  | "tcb-info-pceid-mismatch"
  | "qe-identity-signature-invalid"
  | "qe-identity-tee-mismatch"
  | "evaluation-numbers-signature-invalid"
  | "evaluation-numbers-tee-mismatch"
  | "qe-report-signature-invalid"
  | "qe-binding-mismatch"
  | "qe-identity-miscselect-mismatch"
  | "qe-identity-attributes-mismatch"
  | "qe-identity-mrsigner-mismatch"
  | "qe-identity-isv-prod-id-mismatch"
  | "qe-debug"
  | "quote-signature-invalid"
  | "tdx-module-unknown"
  | "tdx-module-mrsigner-mismatch"
  | "tdx-module-attributes-mismatch"
  | "tdx-module-tcb-not-supported"
  | "platform-tcb-not-supported"
  | "qe-tcb-not-supported";

/** A log of measurements that cannot be read, or that does not lead to the quoted registers. */
export type EventLogErrorCode = "event-log-too-large" | "event-log-malformed" | "event-log-mismatch";

/** Evidence of NVIDIA devices that cannot be read or is not genuine. */
export type GpuErrorCode =
  | "gpu-evidence-too-large"
  | "gpu-evidence-malformed"
  | "gpu-chain-malformed"
  | "gpu-chain-invalid"
  | "gpu-chain-expired"
  | "gpu-chain-not-yet-valid"
  | "gpu-root-untrusted"
  | "gpu-device-repeated"
  | "gpu-nonce-mismatch"
  | "gpu-signature-invalid"
  | "expected-gpu-nonce-invalid";

/** SEV-SNP evidence that is malformed, or whose chain or statements do not hold. */
export type SnpErrorCode =
  | "snp-report-too-large"
  | "snp-report-malformed"
  | "snp-report-version-unsupported"
  | "snp-report-signature-algorithm-unsupported"
  | "snp-report-policy-reserved"
  | "snp-product-unknown"
  | "snp-certificate-table-malformed"
  | "snp-signing-key-unsupported"
  | "snp-signing-key-mismatch"
  | "snp-chain-missing"
  | "snp-vek-missing"
  | "snp-chain-malformed"
  | "snp-chain-invalid"
  | "snp-vek-extension-malformed"
  | "snp-crl-malformed"
  | "snp-crl-issuer-mismatch"
  | "snp-crl-signature-invalid"
  | "snp-ask-revoked"
  | "snp-report-signature-invalid"
  | "snp-product-mismatch"
  | "snp-tcb-mismatch"
  | "snp-chip-id-masked"
  | "snp-chip-id-mismatch";

/** A caller that hands over something the judge may not work with. */
export type AppraisalErrorCode =
  | "clock-invalid"
  | "policy-invalid"
  | "policy-unpinned"
  | "policy-not-parsed"
  | "evidence-not-verified"
  | "expected-report-data-invalid";

/** Codes of {@link AttestationError}: the closed list of reasons why this package refuses. */
export type AttestationErrorCode =
  | EvidenceErrorCode
  | CollateralErrorCode
  | ChainErrorCode
  | RevocationErrorCode
  | WindowErrorCode
  | ProofErrorCode
  | EventLogErrorCode
  | GpuErrorCode
  | SnpErrorCode
  | AppraisalErrorCode;

/** Evidence, collateral or a policy was refused; `code` says which check did it. */
export class AttestationError extends SealserveError<AttestationErrorCode> {}

/** Whether `code` says that endorsements are out of date, so that newer collateral or a right clock may help. */
export function isStale(code: AttestationErrorCode): code is WindowErrorCode {
  const stale: readonly string[] = STALE;
  return stale.includes(code);
}

/**
 * Whether `code` says that the root took back one of the authorities behind collateral. It is proven then: the list that
 * says so is signed and in its window.
 */
export function isIssuerRevoked(code: AttestationErrorCode): boolean {
  const revoked: readonly string[] = ISSUER_REVOKED;
  return revoked.includes(code);
}

/**
 * Runs `read` and turns a refusal of the layers below (bytes, DER, PEM, X.509, JSON) into one of this package.
 * @param what names the structure, for the message
 */
export function refuseAs<Value>(code: AttestationErrorCode, what: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof CoreError)) {
      throw cause;
    }
    const { expected, actual } = cause;
    throw new AttestationError(code, `${what}: ${cause.message}`, { expected, actual, cause });
  }
}
