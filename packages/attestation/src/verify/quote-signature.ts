import { verifyEcdsaP256 } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import type { Evidence } from "../quote/evidence.ts";

/** Proves that the attestation key signed header and body of the quote. @throws AttestationError `quote-signature-invalid` */
export async function verifyQuoteSignature({ attestationKey, signature, signedBytes }: Evidence): Promise<void> {
  if (!(await verifyEcdsaP256(attestationKey, signature, signedBytes))) {
    throw new AttestationError("quote-signature-invalid", "quote is not signed by its attestation key");
  }
}
