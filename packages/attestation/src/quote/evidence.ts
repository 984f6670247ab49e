import { ByteReader } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { parseSgxQuote, type SgxQuote } from "./sgx-quote.ts";

/** Evidence in the forms this package verifies. */
export type Evidence = SgxQuote;

/** Size of a SEV-SNP attestation report (AMD SEV-SNP firmware ABI, ATTESTATION_REPORT). */
const SNP_REPORT_LENGTH = 1184;

/** Readers of quotes by their version; evidence without a row is refused. */
const QUOTE_READERS: ReadonlyMap<number, (bytes: Uint8Array) => Evidence> = new Map([[3, parseSgxQuote]]);

/**
 * Parses evidence of any supported kind, told apart by its content.
 * @throws AttestationError `unsupported-evidence` for TDX quotes, SEV-SNP reports and anything unknown; otherwise as
 * {@link parseSgxQuote}
 */
export function parseEvidence(bytes: Uint8Array): Evidence {
  const read = isSnpReport(bytes) ? undefined : QUOTE_READERS.get(quoteVersion(bytes));
  if (read === undefined) {
    throw new AttestationError("unsupported-evidence", "evidence is not of a kind that this version verifies", {
      expected: "an SGX quote of version 3",
      actual: describeEvidence(bytes),
    });
  }
  return read(bytes);
}

function describeEvidence(bytes: Uint8Array): string {
  if (isSnpReport(bytes)) {
    return "a SEV-SNP report";
  }
  return bytes.length < 2 ? `${bytes.length} bytes` : `version ${quoteVersion(bytes)}`;
}

/** The version field of a quote has two bytes where a SEV-SNP report has four, and a key type follows it. */
function isSnpReport(bytes: Uint8Array): boolean {
  return bytes.length === SNP_REPORT_LENGTH && new ByteReader(bytes).u32() < 0x1_0000;
}

function quoteVersion(bytes: Uint8Array): number {
  return bytes.length < 2 ? 0 : new ByteReader(bytes).u16();
}
