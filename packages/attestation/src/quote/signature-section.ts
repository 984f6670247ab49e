import { ByteReader } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { type CertificationData, QE_REPORT_CERTIFICATION, readCertificationData } from "./certification-data.ts";
import { readSgxReportBody, SGX_REPORT_BODY_LENGTH, type SgxReportBody } from "./sgx-report-body.ts";

/** The quoting enclave's report about itself, and what signs and extends it. */
export interface QeReport {
  /** The 384 signed bytes. */
  readonly raw: Uint8Array;
  readonly report: SgxReportBody;
  /** By the PCK key over `raw`: r and s, 32 bytes each, big endian. */
  readonly signature: Uint8Array;
  /** Bytes of the QE's choice that its REPORTDATA covers together with the attestation key. */
  readonly authenticationData: Uint8Array;
}

/** Signature section of an ECDSA quote (Intel SGX DCAP quote format, ECDSA 256-bit quote signature data). */
export interface SignatureSection {
  /** By the attestation key over header and body: r and s, 32 bytes each, big endian. */
  readonly signature: Uint8Array;
  /** x and y, 32 bytes each, big endian. */
  readonly attestationKey: Uint8Array;
  readonly qe: QeReport;
  readonly certificationData: CertificationData;
}

/** The quote version from which on QE report and certification data stand inside certification data of type 6. */
const FIRST_NESTED_VERSION = 4;

/**
 * Reads the signature section of a quote; `section` must be consumed exactly.
 * @throws AttestationError `quote-malformed`; CoreError `truncated`, `trailing-bytes`
 */
export function parseSignatureSection(section: Uint8Array, quoteVersion: number): SignatureSection {
  const reader = new ByteReader(section);
  const signature = reader.bytes(64);
  const attestationKey = reader.bytes(64);
  const inner = quoteVersion < FIRST_NESTED_VERSION ? reader : readQeReportCertification(reader);
  const qe = readQeReport(inner);
  const certificationData = readCertificationData(inner);
  inner.expectEnd("signature section of the quote");
  return { signature, attestationKey, qe, certificationData };
}

/** Certification data of type 6, which reaches to the end of the section and never stands inside another one. */
function readQeReportCertification(reader: ByteReader): ByteReader {
  const type = reader.u16();
  if (type !== QE_REPORT_CERTIFICATION) {
    throw new AttestationError("quote-malformed", "quote has no QE report certification data", {
      expected: `type ${QE_REPORT_CERTIFICATION}`,
      actual: `type ${type}`,
    });
  }
  const content = reader.bytes(reader.u32());
  reader.expectEnd("signature section of the quote");
  return new ByteReader(content);
}

function readQeReport(reader: ByteReader): QeReport {
  const raw = reader.bytes(SGX_REPORT_BODY_LENGTH);
  const signature = reader.bytes(64);
  const authenticationData = reader.bytes(reader.u16());
  return { raw, report: readSgxReportBody(new ByteReader(raw)), signature, authenticationData };
}
