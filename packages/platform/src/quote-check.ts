import { type IntelQuote, type IntelTeeKind, parseIntelQuote, type TeeKind } from "@sealserve/attestation";
import { encodeHex, equalBytes } from "@sealserve/core";
import { PlatformError } from "./errors.ts";

/** Length of a SEV-SNP report, in bytes (AMD SEV-SNP ABI specification, "ATTESTATION_REPORT"). */
export const SNP_REPORT_LENGTH = 1184;
const SNP_REPORT_DATA = { start: 0x50, end: 0x90 };

/**
 * Refuses anything that is not evidence about a `tee` over `reportData`. This proves nothing about the evidence; it tells an
 * honest caller at the source that someone else wrote the report data in between, or that the platform is broken.
 * @throws PlatformError `quote-malformed`, `quote-not-for-report-data`
 */
export function expectQuoteFor(quote: Uint8Array, reportData: Uint8Array, tee: TeeKind): void {
  const quoted = tee === "snp" ? snpReportData(quote) : intelReportData(quote, tee);
  if (!equalBytes(quoted, reportData)) {
    throw new PlatformError("quote-not-for-report-data", "the quote carries other report data than was asked for", {
      expected: encodeHex(reportData),
      actual: encodeHex(quoted),
    });
  }
}

function intelReportData(quote: Uint8Array, tee: IntelTeeKind): Uint8Array {
  const evidence = parseQuote(quote);
  if (evidence.tee !== tee) {
    throw new PlatformError("quote-malformed", "the platform answered with evidence of another kind", {
      expected: tee,
      actual: evidence.tee,
    });
  }
  return evidence.report.reportData;
}

function parseQuote(quote: Uint8Array): IntelQuote {
  try {
    return parseIntelQuote(quote);
  } catch (cause) {
    throw new PlatformError("quote-malformed", "the platform answered with something that is no evidence", { cause });
  }
}

function snpReportData(evidence: Uint8Array): Uint8Array {
  if (evidence.length < SNP_REPORT_LENGTH) {
    throw new PlatformError("quote-malformed", "the platform answered with less than a report", {
      expected: `at least ${SNP_REPORT_LENGTH} bytes`,
      actual: `${evidence.length} bytes`,
    });
  }
  return evidence.subarray(SNP_REPORT_DATA.start, SNP_REPORT_DATA.end);
}
