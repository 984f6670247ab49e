import { concatBytes, type EcdsaVerifier, ecdsaVerifier, encodeHex, sha256 } from "@sealserve/core";
import type { IntelQuote } from "../../quote/intel-quote.ts";
import type { SgxReportBody } from "../../quote/sgx-report-body.ts";
import type { VerifiedPck } from "./pck-identity.ts";
import { verifyQeBinding, verifyQeReportSignature } from "./qe-report.ts";

/**
 * Proves the attestation key of a quote: the platform of the PCK certificate made the QE report, and the report vouches for
 * the key. A quoting enclave keeps its key and report for long, so the proof is kept with the PCK.
 * @param expectQe refuses reports of enclaves that are no quoting enclave
 * @returns what verifies with the key
 * @throws AttestationError `qe-report-signature-invalid`, `qe-binding-mismatch`
 */
export async function proveAttestationKey(
  { attestationKey, qe }: IntelQuote,
  pck: VerifiedPck,
  expectQe: (report: SgxReportBody) => void = () => undefined,
): Promise<EcdsaVerifier> {
  // The first three have fixed lengths, so that the digest says where each begins.
  const proven = concatBytes(attestationKey, qe.raw, qe.signature, qe.authenticationData);
  const key = encodeHex(await sha256(proven));
  return pck.attestationKeys.find(key, async () => {
    await verifyQeReportSignature(qe, pck);
    await verifyQeBinding(qe, attestationKey);
    expectQe(qe.report); // before it is remembered: else the owner of one platform could fill the memory
    return ecdsaVerifier({ curve: "P-256", point: attestationKey }, "SHA-256");
  });
}
