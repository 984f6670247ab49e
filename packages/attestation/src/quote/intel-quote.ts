import { ByteReader } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";
import { type QuoteBody, readQuoteBody } from "./quote-body.ts";
import { type QuoteHeader, readQuoteHeader } from "./quote-header.ts";
import { parseSignatureSection, type SignatureSection } from "./signature-section.ts";

/** Limit on the size of a quote, with the buffer around it. Real ones have about 5 KiB, in buffers of up to 8000 bytes. */
export const QUOTE_MAX_LENGTH = 16 * 1024;

/** A parsed quote of an Intel TEE. Nothing in it is proven: that is the work of `verifyEvidence`. */
export type IntelQuote = SignatureSection &
  QuoteBody & {
    readonly header: QuoteHeader;
    /** What the quote signature covers: header, descriptor (version 5) and body. */
    readonly signedBytes: Uint8Array;
    /** The quote as given, without what stands behind it. */
    readonly raw: Uint8Array;
    /** Bytes behind the quote, which nothing signs and nobody reads: producers hand out buffers of a fixed size. */
    readonly trailingLength: number;
  };

/** A parsed SGX quote. */
export type SgxQuote = Extract<IntelQuote, { tee: "sgx" }>;

/** A parsed TDX quote. */
export type TdxQuote = Extract<IntelQuote, { tee: "tdx" }>;

/**
 * Parses an ECDSA quote of version 3, 4 or 5 about an SGX enclave or a trust domain (Intel SGX and TDX DCAP quote formats).
 * All sizes inside must be consumed exactly; what stands behind the quote is left out.
 * @throws AttestationError `quote-too-large`, `quote-malformed`, `quote-version-unsupported`,
 * `quote-key-type-unsupported`, `quote-qe-vendor-unknown`
 */
export function parseIntelQuote(bytes: Uint8Array): IntelQuote {
  if (bytes.length > QUOTE_MAX_LENGTH) {
    throw new AttestationError("quote-too-large", "quote is larger than any real one", {
      expected: `at most ${QUOTE_MAX_LENGTH} bytes`,
      actual: `${bytes.length} bytes`,
    });
  }
  return refuseAs("quote-malformed", "quote", () => readIntelQuote(bytes));
}

/** {@link parseIntelQuote} for a quote that must be about an SGX enclave. @throws AttestationError `quote-tee-mismatch` too */
export function parseSgxQuote(bytes: Uint8Array): SgxQuote {
  const quote = parseIntelQuote(bytes);
  if (quote.tee !== "sgx") {
    throw new AttestationError("quote-tee-mismatch", "quote is not about an SGX enclave", {
      expected: "sgx",
      actual: quote.tee,
    });
  }
  return quote;
}

function readIntelQuote(bytes: Uint8Array): IntelQuote {
  const reader = new ByteReader(bytes);
  const header = readQuoteHeader(reader);
  const body = readQuoteBody(reader, header);
  const signedLength = reader.offset;
  const section = parseSignatureSection(reader.bytes(reader.u32()), header.version);
  const raw = bytes.subarray(0, reader.offset);
  return {
    ...body,
    header,
    ...section,
    signedBytes: raw.subarray(0, signedLength),
    raw,
    trailingLength: reader.remaining,
  };
}
