export { SimulatorError, type SimulatorErrorCode } from "./errors.ts";
export { type PccsAddress, type PccsContent, type PccsServer, startPccsServer } from "./platform/pccs-server.ts";
export {
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
  startSimulatedPlatform,
} from "./platform/simulated-platform.ts";
export { type MeasureLimits, measureProgram, type ProgramMeasurement } from "./program/measure-program.ts";
export { type Authority, chainPem } from "./vendor/authority.ts";
export {
  type CertificateOverrides,
  type CommonOverrides,
  type Role,
  SIMULATED_ORGANISATION,
} from "./vendor/certificates.ts";
export type { CollateralOptions } from "./vendor/collateral.ts";
export type { IntelTee } from "./vendor/intel-tee.ts";
export type { SimulatedMachine } from "./vendor/machine.ts";
export { encodeSgxExtension } from "./vendor/pck-extension.ts";
export type { QuoteOptions } from "./vendor/quote.ts";
export type { PrefixOverrides } from "./vendor/quote-prefix.ts";
export { ENCLAVE_FLAGS, type ReportFields } from "./vendor/report-body.ts";
export type { RevocationOverrides } from "./vendor/revocation.ts";
export type { SectionOverrides } from "./vendor/signature-section.ts";
export type { DocumentOverrides, Members } from "./vendor/signed-document.ts";
export {
  CERTIFICATE_GUIDS,
  type CertificateEntry,
  type CertificateTableOptions,
  encodeCertificateTable,
} from "./vendor/snp/certificate-table.ts";
export { sharedSnpKeys, sharedSnpVendor } from "./vendor/snp/shared-snp-vendor.ts";
export type { SnpAuthorities, SnpCertificateOverrides, SnpRole } from "./vendor/snp/snp-certificates.ts";
export { generateSnpKeys, type SnpKeys } from "./vendor/snp/snp-keys.ts";
export type { CpuId, SnpProduct } from "./vendor/snp/snp-product.ts";
export {
  SNP_PLATFORM_INFO,
  SNP_POLICY,
  SNP_SIGNING_KEYS,
  type SnpFirmware,
  type SnpReportFields,
  type TcbField,
} from "./vendor/snp/snp-report.ts";
export { encodeSnpSignature } from "./vendor/snp/snp-signature.ts";
export { encodeTcbVersion, type SnpTcb } from "./vendor/snp/snp-tcb.ts";
export {
  createSnpVendor,
  type SnpReportOptions,
  type SnpVendor,
  type SnpVendorOptions,
  type VekKind,
} from "./vendor/snp/snp-vendor.ts";
export { VEK_EXTENSION_ARC, type VekExtensionOverrides, type VekFacts } from "./vendor/snp/vek-extensions.ts";
export type { IsvSvnLevel, TcbLevel } from "./vendor/tcb-level.ts";
export type { TdQuoteOptions } from "./vendor/td-quote.ts";
export { TD_ATTRIBUTES, TD_XFAM, type TdReportFields } from "./vendor/td-report-body.ts";
export { MR_SEAM, type TdxModule, type TdxModuleIdentity, tdxModuleId } from "./vendor/tdx-module.ts";
export { createVendor, type Vendor, type VendorOptions } from "./vendor/vendor.ts";
export { loadOrCreateVendor, vendorRootFile } from "./vendor/vendor-state.ts";
