import { type Evidence, parseEvidence, type TeeKind } from "@sealserve/attestation";
import { encodeHex, equalBytes } from "@sealserve/core";
import { PlatformError } from "./errors.ts";

/**
 * Refuses anything that is not evidence about a `tee` over `reportData`. This proves nothing about the evidence; it tells an
 * honest caller at the source that someone else wrote the report data in between, or that the platform is broken.
 * @throws PlatformError `quote-malformed`, `quote-not-for-report-data`
 */
export function expectQuoteFor(quote: Uint8Array, reportData: Uint8Array, tee: TeeKind): void {
  const evidence = parseQuote(quote);
  if (evidence.tee !== tee) {
    throw new PlatformError("quote-malformed", "the platform answered with evidence of another kind", {
      expected: tee,
      actual: evidence.tee,
    });
  }
  const quoted = evidence.report.reportData;
  if (!equalBytes(quoted, reportData)) {
    throw new PlatformError("quote-not-for-report-data", "the quote carries other report data than was asked for", {
      expected: encodeHex(reportData),
      actual: encodeHex(quoted),
    });
  }
}

function parseQuote(quote: Uint8Array): Evidence {
  try {
    return parseEvidence(quote);
  } catch (cause) {
    throw new PlatformError("quote-malformed", "the platform answered with something that is no evidence", { cause });
  }
}
