import { parseEvidence } from "@sealserve/attestation";
import { encodeHex, equalBytes } from "@sealserve/core";
import { PlatformError } from "./errors.ts";

/**
 * Refuses anything that is not evidence over `reportData`. This proves nothing about the quote; it tells an honest
 * caller at the source that someone else wrote the report data in between, or that the platform is broken.
 */
export function expectQuoteFor(quote: Uint8Array, reportData: Uint8Array): void {
  const quoted = reportDataOf(quote);
  if (!equalBytes(quoted, reportData)) {
    throw new PlatformError("quote-not-for-report-data", "the quote carries other report data than was asked for", {
      expected: encodeHex(reportData),
      actual: encodeHex(quoted),
    });
  }
}

function reportDataOf(quote: Uint8Array): Uint8Array {
  try {
    return parseEvidence(quote).report.reportData;
  } catch (cause) {
    throw new PlatformError("quote-malformed", "the platform answered with something that is no evidence", { cause });
  }
}
