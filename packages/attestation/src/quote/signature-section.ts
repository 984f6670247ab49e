import { ByteReader } from "@sealserve/core";
import { type CertificationData, readCertificationData } from "./certification-data.ts";
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

/** Reads the signature section of a version 3 quote; `section` must be consumed exactly. */
export function parseSignatureSection(section: Uint8Array): SignatureSection {
  const reader = new ByteReader(section);
  const signature = reader.bytes(64);
  const attestationKey = reader.bytes(64);
  const qe = readQeReport(reader);
  const certificationData = readCertificationData(reader);
  reader.expectEnd("signature section of the quote");
  return { signature, attestationKey, qe, certificationData };
}

function readQeReport(reader: ByteReader): QeReport {
  const raw = reader.bytes(SGX_REPORT_BODY_LENGTH);
  const signature = reader.bytes(64);
  const authenticationData = reader.bytes(reader.u16());
  return { raw, report: readSgxReportBody(new ByteReader(raw)), signature, authenticationData };
}
