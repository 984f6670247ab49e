import { type IntelQuote, parseIntelQuote } from "./quote/intel-quote.ts";

/** Evidence in the forms this package verifies. */
export type Evidence = IntelQuote;

/**
 * Parses evidence of any supported kind, told apart by its content.
 * @throws AttestationError the codes of {@link parseIntelQuote}
 */
export function parseEvidence(bytes: Uint8Array): Evidence {
  return parseIntelQuote(bytes);
}
