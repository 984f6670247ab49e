export type { Collateral } from "./collateral/collateral.ts";
export { encodeCollateralFile, parseCollateralFile } from "./collateral/collateral-file.ts";
export {
  type EnclaveId,
  type EnclaveIdentity,
  parseEnclaveIdentity,
  parseQeIdentity,
  type QeIdentity,
  type QeTcbLevel,
} from "./collateral/qe-identity.ts";
export { type PlatformTcbLevel, parseTcbInfo, type TcbInfo } from "./collateral/tcb-info.ts";
export type { TcbLevelFacts } from "./collateral/tcb-level.ts";
export {
  CONVERGED_TCB_STATUSES,
  type ConvergedTcbStatus,
  PART_TCB_STATUSES,
  type PartTcbStatus,
  TCB_STATUSES,
  type TcbStatus,
} from "./collateral/tcb-status.ts";
export type {
  TdxModuleExpectation,
  TdxModuleIdentity,
  TdxModules,
  TdxModuleTcbLevel,
} from "./collateral/tdx-module.ts";
export { SIGSTRUCT_LENGTH, type Sigstruct, verifySigstruct } from "./enclave-signature/sigstruct.ts";
export {
  type AppraisalErrorCode,
  AttestationError,
  type AttestationErrorCode,
  type ChainErrorCode,
  type CollateralErrorCode,
  type EventLogErrorCode,
  type EvidenceErrorCode,
  type GpuErrorCode,
  isIssuerRevoked,
  isStale,
  type ProofErrorCode,
  type RevocationErrorCode,
  type SnpErrorCode,
  type WindowErrorCode,
} from "./errors.ts";
export type { DigestAlgorithm } from "./event-log/digest-algorithm.ts";
export { EVENT_LOG_MAX_LENGTH, type EventLog, parseEventLog } from "./event-log/event-log.ts";
export { EVENT_LOG_MAX_EVENTS, type LogEvent, type MeasurementLog } from "./event-log/log-event.ts";
export {
  type DataProvenEvent,
  type DigestProvenEvent,
  type EventClaims,
  matchEventLog,
  type UnprovenEvent,
  type VerifiedEvent,
} from "./event-log/match-event-log.ts";
export { type RtMrs, replayEventLog } from "./event-log/replay.ts";
export { parseRuntimeLog, RUNTIME_LOG_MAX_LENGTH } from "./event-log/runtime-log.ts";
export { verifyEventLog } from "./event-log/verify-event-log.ts";
export { type Evidence, expectIntelQuote, parseEvidence } from "./evidence.ts";
export type { GpuArchitecture } from "./gpu/gpu-architecture.ts";
export {
  GPU_EVIDENCE_MAX_DEVICES,
  GPU_EVIDENCE_MAX_LENGTH,
  type GpuEvidence,
  parseGpuEvidence,
} from "./gpu/gpu-evidence.ts";
export { type GpuRoot, nvidiaDeviceRoot } from "./gpu/gpu-root.ts";
export type { MeasurementBlock } from "./gpu/measurement-record.ts";
export type { SpdmMeasurements } from "./gpu/spdm-measurements.ts";
export {
  type GpuDevice,
  type GpuSignatureCheck,
  type GpuVerifyOptions,
  verifyGpuEvidence,
} from "./gpu/verify-gpu-evidence.ts";
export { type PckConfiguration, type PckExtension, parsePckExtension } from "./pck/pck-extension.ts";
export { type Appraisal, appraise, type ExpectedBinding, type RefusalReason } from "./policy/appraise.ts";
export type { Claim, ClaimCode } from "./policy/claim.ts";
export { type CoverageGap, coverageGaps } from "./policy/coverage.ts";
export type { MachineList } from "./policy/machine-policy.ts";
export { type PolicyOptions, parsePolicy } from "./policy/parse-policy.ts";
export { type AppraisalPolicy, defaultPolicy, type PolicyMembers } from "./policy/policy.ts";
export type { Register, Waiver } from "./policy/policy-members.ts";
export type { SgxPolicy } from "./policy/sgx-policy.ts";
export {
  SNP_PLATFORM_FEATURES,
  type SnpImage,
  type SnpMinimumTcb,
  type SnpPlatformFeature,
  type SnpPolicy,
} from "./policy/snp-policy.ts";
export type { TcbPolicy } from "./policy/tcb-policy.ts";
export type { TdxImage, TdxPolicy } from "./policy/tdx-policy.ts";
export type { CertificationData, PlatformHint } from "./quote/certification-data.ts";
export {
  type IntelQuote,
  parseIntelQuote,
  parseSgxQuote,
  QUOTE_MAX_LENGTH,
  type SgxQuote,
  type TdxQuote,
} from "./quote/intel-quote.ts";
export type { QuoteHeader } from "./quote/quote-header.ts";
export type { SgxAttributes, SgxReportBody } from "./quote/sgx-report-body.ts";
export type { QeReport, SignatureSection } from "./quote/signature-section.ts";
export type { TdAttributes } from "./quote/td-attributes.ts";
export type { TdReportBody } from "./quote/td-report-body.ts";
export {
  parseSnpCertificateTable,
  SNP_CERTIFICATE_TABLE_MAX_LENGTH,
  type SnpCertificates,
} from "./snp/certificate-table.ts";
export type { SnpCpuId } from "./snp/cpu-id.ts";
export type { SnpFirmwareVersion } from "./snp/firmware-version.ts";
export type { SnpGuestPolicy } from "./snp/guest-policy.ts";
export type { SnpPlatformInfo } from "./snp/platform-info.ts";
export { HOST_REQUESTED, type SnpReportBody } from "./snp/report-body.ts";
export type { SnpReportFlags, SnpSigningKey } from "./snp/report-flags.ts";
export { parseSnpReport, SNP_EVIDENCE_MAX_LENGTH, SNP_REPORT_LENGTH, type SnpReport } from "./snp/snp-report.ts";
export { parseSnpTcb, type SnpTcb } from "./snp/tcb-version.ts";
export { parseVekExtension, type VekExtension } from "./snp/vek-extension.ts";
export { softwareIdentity } from "./software-identity.ts";
export { SNP_PRODUCTS, type SnpProduct, type SnpTcbComponent } from "./tee/snp-product.ts";
export type { IntelTeeKind, TeeKind } from "./tee/tee-kind.ts";
export { type TrustedRoot, trustedRootFromPem, vendorRoot } from "./trust/trusted-root.ts";
export type { Advisory, AdvisorySource } from "./verify/intel/advisory.ts";
export type { PckIdentity } from "./verify/intel/pck-identity.ts";
export type { MatchedLevels, TcbEvaluation } from "./verify/intel/tcb-evaluation.ts";
export { revokesMore, type VerifiedCollateral } from "./verify/intel/verified-collateral.ts";
export { verifyCollateral } from "./verify/intel/verify-collateral.ts";
export {
  type CrlFacts,
  type DocumentTrust,
  type ProvenDocument,
  type SignedDocument,
  verifyEnclaveIdentityDocument,
  verifyEvaluationNumbersDocument,
  verifyPckCertificateDocument,
  verifyPckCrlDocument,
  verifyRootCaCrlDocument,
  verifyTcbInfoDocument,
} from "./verify/intel/verify-document.ts";
export type { CertificateSource, SnpCollateral } from "./verify/snp/snp-collateral.ts";
export type { SnpRevocation, VerifiedSnpCollateral } from "./verify/snp/verified-snp-collateral.ts";
export { verifySnpCollateral } from "./verify/snp/verify-snp-collateral.ts";
export type {
  EvidenceFacts,
  SgxFacts,
  SnpFacts,
  SnpTcbs,
  TdxFacts,
  VekIdentity,
  VerificationFacts,
  VerifiedEvidence,
  VerifiedIntelEvidence,
  VerifiedSnpEvidence,
} from "./verify/verified-evidence.ts";
export { verifyEvidence } from "./verify/verify-evidence.ts";
export type { VerifyOptions } from "./verify/verify-options.ts";
export { type SignatureCheck, type SignatureOnlyOptions, verifySignatureOnly } from "./verify/verify-signature-only.ts";
export type { Clock } from "./verify/window.ts";
