import { ByteReader, isZero } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";
import {
  type CertificateTable,
  readCertificateTable,
  SNP_CERTIFICATE_TABLE_MAX_LENGTH,
  type SnpCertificates,
} from "./certificate-table.ts";
import { readReportBody, type SnpReportBody } from "./report-body.ts";
import { readReportSignature } from "./report-signature.ts";

/** Length of a report without certificates. */
export const SNP_REPORT_LENGTH = 1184;

/** Limit on the size of a report with its certificate table and padding. */
export const SNP_EVIDENCE_MAX_LENGTH: number = SNP_REPORT_LENGTH + SNP_CERTIFICATE_TABLE_MAX_LENGTH;

/** A parsed SEV-SNP report. Nothing in it is proven: that is the work of `verifyEvidence`. */
export interface SnpReport {
  readonly tee: "snp";
  readonly report: SnpReportBody;
  /** By the endorsement key over `signedBytes`: r and s, 48 bytes each, big endian. */
  readonly signature: Uint8Array;
  /** The 672 bytes before the signature. */
  readonly signedBytes: Uint8Array;
  /** What a host put beside the report; empty for a plain report. Nothing signs it. */
  readonly certificates: SnpCertificates;
  /** The report as given, with its certificate table, without the padding behind it. */
  readonly raw: Uint8Array;
}

/**
 * Parses a report of version 2 to 5, alone or with the certificate table of an extended report behind it (SEV Secure Nested
 * Paging firmware ABI specification, ATTESTATION_REPORT). Behind that only zero bytes are accepted.
 * @throws AttestationError `snp-report-too-large`, `snp-report-malformed`, `snp-report-version-unsupported`,
 * `snp-report-signature-algorithm-unsupported`, `snp-report-policy-reserved`, `snp-product-unknown`,
 * `snp-certificate-table-malformed`
 */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  if (bytes.length > SNP_EVIDENCE_MAX_LENGTH) {
    throw new AttestationError("snp-report-too-large", "SEV-SNP report is larger than any real one", {
      expected: `at most ${SNP_EVIDENCE_MAX_LENGTH} bytes`,
      actual: `${bytes.length} bytes`,
    });
  }
  return refuseAs("snp-report-malformed", "SEV-SNP report", () => readSnpReport(bytes));
}

function readSnpReport(bytes: Uint8Array): SnpReport {
  const reader = new ByteReader(bytes);
  const report = readReportBody(reader);
  const signedBytes = bytes.subarray(0, reader.offset);
  const signature = readReportSignature(reader);
  const { certificates, length } = readTableBehind(bytes.subarray(SNP_REPORT_LENGTH));
  const raw = bytes.subarray(0, SNP_REPORT_LENGTH + length);
  return { tee: "snp", report, signature, signedBytes, certificates, raw };
}

/** Some buffers have room for a table, and only zero bytes in it. */
function readTableBehind(bytes: Uint8Array): CertificateTable {
  return isZero(bytes) ? { certificates: {}, length: 0 } : readCertificateTable(bytes);
}
