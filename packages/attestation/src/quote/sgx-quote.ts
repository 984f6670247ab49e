import { ByteReader, isZero } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";
import { INTEL_TEES } from "../tee/intel-tee.ts";
import { QUOTE_HEADER_LENGTH, type QuoteHeader, readQuoteHeader } from "./quote-header.ts";
import { readSgxReportBody, SGX_REPORT_BODY_LENGTH, type SgxReportBody } from "./sgx-report-body.ts";
import { parseSignatureSection, type SignatureSection } from "./signature-section.ts";

/** Limit on the size of a quote, filler included. Real ones have about 5 KiB, in buffers of up to 8000 bytes. */
export const QUOTE_MAX_LENGTH = 16 * 1024;

const SGX_QUOTE_VERSION = 3;
const SIGNED_LENGTH = QUOTE_HEADER_LENGTH + SGX_REPORT_BODY_LENGTH;

/** A parsed SGX quote. Nothing in it is proven: that is the work of `verifyEvidence`. */
export interface SgxQuote extends SignatureSection {
  readonly tee: "sgx";
  readonly header: QuoteHeader;
  readonly report: SgxReportBody;
  /** Header and report body: the 432 bytes under the quote signature. */
  readonly signedBytes: Uint8Array;
  /** The quote as given, without the filler behind it. */
  readonly raw: Uint8Array;
  /** Zero bytes found behind the quote; some producers hand out buffers of a fixed size. */
  readonly fillerLength: number;
}

/**
 * Parses an SGX ECDSA quote of version 3 (Intel SGX DCAP quote format). All sizes must be consumed exactly; behind the
 * quote only zero bytes are accepted.
 * @throws AttestationError `quote-too-large`, `quote-malformed`, `quote-version-unsupported`,
 * `quote-key-type-unsupported`, `quote-qe-vendor-unknown`
 */
export function parseSgxQuote(bytes: Uint8Array): SgxQuote {
  if (bytes.length > QUOTE_MAX_LENGTH) {
    throw new AttestationError("quote-too-large", "quote is larger than any real one", {
      expected: `at most ${QUOTE_MAX_LENGTH} bytes`,
      actual: `${bytes.length} bytes`,
    });
  }
  return refuseAs("quote-malformed", "SGX quote", () => readSgxQuote(bytes));
}

function readSgxQuote(bytes: Uint8Array): SgxQuote {
  const reader = new ByteReader(bytes);
  const header = readQuoteHeader(reader);
  expectSgxVersion3(header);
  const report = readSgxReportBody(reader);
  const section = parseSignatureSection(reader.bytes(reader.u32()));
  const raw = bytes.subarray(0, reader.offset);
  const fillerLength = expectFiller(reader);
  return { tee: "sgx", header, report, ...section, signedBytes: raw.subarray(0, SIGNED_LENGTH), raw, fillerLength };
}

function expectSgxVersion3(header: QuoteHeader): void {
  if (header.version !== SGX_QUOTE_VERSION) {
    throw new AttestationError("quote-version-unsupported", "quote has a version other than SGX quotes have", {
      expected: `${SGX_QUOTE_VERSION}`,
      actual: `${header.version}`,
    });
  }
  if (header.teeType !== INTEL_TEES.sgx.quoteTeeType) {
    throw new AttestationError("quote-malformed", "version 3 quote names a TEE type", {
      expected: `${INTEL_TEES.sgx.quoteTeeType}`,
      actual: `${header.teeType}`,
    });
  }
}

function expectFiller(reader: ByteReader): number {
  const filler = reader.bytes(reader.remaining);
  if (!isZero(filler)) {
    throw new AttestationError("quote-malformed", "quote is followed by bytes that nothing signs", {
      expected: "nothing, or zero bytes",
      actual: `${filler.length} bytes`,
    });
  }
  return filler.length;
}
