export type { Collateral } from "./collateral/collateral.ts";
export { encodeCollateralFile, parseCollateralFile } from "./collateral/collateral-file.ts";
export { parseQeIdentity, type QeIdentity, type QeTcbLevel } from "./collateral/qe-identity.ts";
export { type PlatformTcbLevel, parseTcbInfo, type TcbInfo } from "./collateral/tcb-info.ts";
export type { TcbLevelFacts } from "./collateral/tcb-level.ts";
export { QE_TCB_STATUSES, type QeTcbStatus, TCB_STATUSES, type TcbStatus } from "./collateral/tcb-status.ts";
export {
  type AppraisalErrorCode,
  AttestationError,
  type AttestationErrorCode,
  type ChainErrorCode,
  type CollateralErrorCode,
  type EvidenceErrorCode,
  isIssuerRevoked,
  isStale,
  type ProofErrorCode,
  type RevocationErrorCode,
  type WindowErrorCode,
} from "./errors.ts";
export { type PckConfiguration, type PckExtension, parsePckExtension } from "./pck/pck-extension.ts";
export { type Appraisal, appraise, type ExpectedBinding, type RefusalReason } from "./policy/appraise.ts";
export type { Claim, ClaimCode } from "./policy/claim.ts";
export { type PolicyOptions, parsePolicy } from "./policy/parse-policy.ts";
export { type AppraisalPolicy, defaultPolicy, type SgxPolicy, type TcbPolicy } from "./policy/policy.ts";
export type { CertificationData, PlatformHint } from "./quote/certification-data.ts";
export { type Evidence, parseEvidence } from "./quote/evidence.ts";
export type { QuoteHeader } from "./quote/quote-header.ts";
export { parseSgxQuote, QUOTE_MAX_LENGTH, type SgxQuote } from "./quote/sgx-quote.ts";
export type { SgxAttributes, SgxReportBody } from "./quote/sgx-report-body.ts";
export type { QeReport, SignatureSection } from "./quote/signature-section.ts";
export type { TeeKind } from "./tee/intel-tee.ts";
export { intelSgxRoot, type TrustedRoot, trustedRootFromPem } from "./trust/trusted-root.ts";
export type { PckIdentity } from "./verify/pck-identity.ts";
export type { TcbEvaluation } from "./verify/tcb-evaluation.ts";
export type { VerifiedCollateral } from "./verify/verified-collateral.ts";
export type { EvidenceFacts, VerifiedEvidence } from "./verify/verified-evidence.ts";
export { verifyCollateral } from "./verify/verify-collateral.ts";
export { verifyEvidence } from "./verify/verify-evidence.ts";
export type { VerifyOptions } from "./verify/verify-options.ts";
export { type SignatureCheck, type SignatureOnlyOptions, verifySignatureOnly } from "./verify/verify-signature-only.ts";
