import { RaTlsError } from "../errors.ts";

/**
 * Header, report body and length field of an SGX quote, the shortest evidence there is: the same of a TDX quote are 636
 * bytes, a SEV-SNP report has 1184.
 */
const MIN_EVIDENCE = 436;

/** Gramine's bound for a quote. */
const MAX_EVIDENCE = 8192;

/** Refuses evidence that no TEE writes into a certificate. @throws RaTlsError `bad-evidence` */
export function checkEvidenceSize(evidence: Uint8Array): Uint8Array {
  if (evidence.length < MIN_EVIDENCE || evidence.length > MAX_EVIDENCE) {
    throw new RaTlsError("bad-evidence", "evidence in the certificate has an impossible size", {
      expected: `${MIN_EVIDENCE} to ${MAX_EVIDENCE} bytes`,
      actual: `${evidence.length} bytes`,
    });
  }
  return evidence;
}
