import { bytesKey, concatBytes, type EcdsaVerifier, ecdsaVerifier } from "@sealserve/core";
import type { IntelQuote } from "../../quote/intel-quote.ts";
import type { VerifiedPck } from "./pck-identity.ts";
import { verifyQeBinding, verifyQeReportSignature } from "./qe-report.ts";

/**
 * Proves the attestation key of a quote: the platform of the PCK certificate made the QE report, and the report vouches for
 * the key. A quoting enclave keeps its key and report for long, so the proof is kept with the PCK.
 * @returns what verifies with the key
 * @throws AttestationError `qe-report-signature-invalid`, `qe-binding-mismatch`
 */
export function proveAttestationKey({ attestationKey, qe }: IntelQuote, pck: VerifiedPck): Promise<EcdsaVerifier> {
  // The first three have fixed lengths, so that the key says where each begins.
  const key = bytesKey(concatBytes(attestationKey, qe.raw, qe.signature, qe.authenticationData));
  return pck.attestationKeys.find(key, async () => {
    await verifyQeReportSignature(qe, pck);
    await verifyQeBinding(qe, attestationKey);
    return ecdsaVerifier({ curve: "P-256", point: attestationKey }, "SHA-256");
  });
}
