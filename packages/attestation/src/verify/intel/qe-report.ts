import { concatBytes, equalBytes, sha256 } from "@sealserve/core";
import { AttestationError } from "../../errors.ts";
import type { QeReport } from "../../quote/signature-section.ts";
import type { VerifiedPck } from "./pck-identity.ts";

/** REPORTDATA of a QE report: a SHA-256 digest, then zero bytes. */
const DIGEST_PADDING = new Uint8Array(32);

/** Proves that the platform of the PCK certificate made the QE report. @throws AttestationError `qe-report-signature-invalid` */
export async function verifyQeReportSignature(qe: QeReport, pck: VerifiedPck): Promise<void> {
  if (!(await pck.verify(qe.signature, qe.raw))) {
    throw new AttestationError(
      "qe-report-signature-invalid",
      "QE report is not signed by the key of the PCK certificate",
    );
  }
}

/**
 * Proves that the QE vouches for the attestation key: its REPORTDATA is the SHA-256 of key and authentication data,
 * padded with zero bytes.
 * @throws AttestationError `qe-binding-mismatch`
 */
export async function verifyQeBinding(qe: QeReport, attestationKey: Uint8Array): Promise<void> {
  const digest = await sha256(concatBytes(attestationKey, qe.authenticationData));
  if (!equalBytes(qe.report.reportData, concatBytes(digest, DIGEST_PADDING))) {
    throw new AttestationError("qe-binding-mismatch", "QE report does not vouch for the attestation key of the quote");
  }
}
