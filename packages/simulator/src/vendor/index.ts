// Runs in browsers: nothing below may need Node. Keys on disk, sockets and servers are in the package's main entry.
export { SimulatorError, type SimulatorErrorCode } from "../errors.ts";
export { type Authority, chainPem } from "./authority.ts";
export {
  type CertificateOverrides,
  type CommonOverrides,
  type Role,
  SIMULATED_ORGANISATION,
} from "./certificates.ts";
export type { CollateralOptions } from "./collateral.ts";
export type { IntelTee } from "./intel-tee.ts";
export type { SimulatedMachine } from "./machine.ts";
export { createPckCertificate, createProcessorCa } from "./other-platforms.ts";
export { encodeSgxExtension } from "./pck-extension.ts";
export type { QuoteOptions } from "./quote.ts";
export type { PrefixOverrides } from "./quote-prefix.ts";
export { ENCLAVE_FLAGS, type ReportFields } from "./report-body.ts";
export type { RevocationOverrides } from "./revocation.ts";
export type { SectionOverrides } from "./signature-section.ts";
export type { DocumentOverrides, Members } from "./signed-document.ts";
export {
  CERTIFICATE_GUIDS,
  type CertificateEntry,
  type CertificateTableOptions,
  encodeCertificateTable,
} from "./snp/certificate-table.ts";
export { sharedSnpKeys, sharedSnpVendor } from "./snp/shared-snp-vendor.ts";
export type { SnpAuthorities, SnpCertificateOverrides, SnpRole } from "./snp/snp-certificates.ts";
export { generateSnpKeys, type SnpKeys } from "./snp/snp-keys.ts";
export type { CpuId, SnpProduct } from "./snp/snp-product.ts";
export {
  SNP_PLATFORM_INFO,
  SNP_POLICY,
  SNP_SIGNING_KEYS,
  type SnpFirmware,
  type SnpReportFields,
  type TcbField,
} from "./snp/snp-report.ts";
export { encodeSnpSignature } from "./snp/snp-signature.ts";
export { encodeTcbVersion, type SnpTcb } from "./snp/snp-tcb.ts";
export {
  createSnpVendor,
  type SnpReportOptions,
  type SnpVendor,
  type SnpVendorOptions,
  type VekKind,
} from "./snp/snp-vendor.ts";
export { VEK_EXTENSION_ARC, type VekExtensionOverrides, type VekFacts } from "./snp/vek-extensions.ts";
export type { IsvSvnLevel, TcbLevel } from "./tcb-level.ts";
export type { TdQuoteOptions } from "./td-quote.ts";
export { TD_ATTRIBUTES, TD_XFAM, type TdReportFields } from "./td-report-body.ts";
export { MR_SEAM, type TdxModule, type TdxModuleIdentity, tdxModuleId } from "./tdx-module.ts";
export { createVendor, type Vendor, type VendorOptions } from "./vendor.ts";
