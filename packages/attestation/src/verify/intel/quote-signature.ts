import type { EcdsaVerifier } from "@sealserve/core";
import { AttestationError } from "../../errors.ts";
import type { IntelQuote } from "../../quote/intel-quote.ts";

/**
 * Proves that the attestation key signed header and body of the quote.
 * @param verify with the attestation key
 * @throws AttestationError `quote-signature-invalid`
 */
export async function verifyQuoteSignature(quote: IntelQuote, verify: EcdsaVerifier): Promise<void> {
  if (!(await verify(quote.signature, quote.signedBytes))) {
    throw new AttestationError("quote-signature-invalid", "quote is not signed by its attestation key");
  }
}
