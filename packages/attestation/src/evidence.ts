import { AttestationError } from "./errors.ts";
import { type IntelQuote, parseIntelQuote, QUOTE_MAX_LENGTH } from "./quote/intel-quote.ts";
import { parseSnpReport, SNP_EVIDENCE_MAX_LENGTH, type SnpReport } from "./snp/snp-report.ts";

/** Evidence in the forms this package verifies. */
export type Evidence = IntelQuote | SnpReport;

/** Limit on the size of evidence of any kind. */
export const EVIDENCE_MAX_LENGTH: number = Math.max(QUOTE_MAX_LENGTH, SNP_EVIDENCE_MAX_LENGTH);

/**
 * The first number, four bytes, of a quote holds its version and above that the type of its key, which is never 0; that of a
 * report is a version alone.
 */
const LEAST_QUOTE_START = 0x1_0000;

/**
 * Parses evidence of any supported kind, told apart by its content.
 * @throws AttestationError the codes of {@link parseIntelQuote} and {@link parseSnpReport}
 */
export function parseEvidence(bytes: Uint8Array): Evidence {
  return startsLikeReport(bytes) ? parseSnpReport(bytes) : parseIntelQuote(bytes);
}

function startsLikeReport(bytes: Uint8Array): boolean {
  const { buffer, byteOffset, byteLength } = bytes;
  return byteLength >= 4 && new DataView(buffer, byteOffset, byteLength).getUint32(0, true) < LEAST_QUOTE_START;
}

/**
 * The evidence as a quote, for callers that have collateral of Intel alone.
 * @throws AttestationError `unsupported-evidence`
 */
export function expectIntelQuote(evidence: Evidence): IntelQuote {
  if (evidence.tee === "snp") {
    throw new AttestationError("unsupported-evidence", "evidence of this kind of TEE cannot be judged here yet", {
      expected: "an SGX or TDX quote",
      actual: "a SEV-SNP report",
    });
  }
  return evidence;
}
