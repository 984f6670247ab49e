import { concatBytes, equalBytes, isZero, sha256 } from "@sealserve/core";
import { RaTlsError } from "../errors.ts";

const REPORT_DATA_LENGTH = 64;
const HASH_LENGTH = 32;

/** Report data of a quote that covers `content`: its SHA-256, then zeros. 64 bytes. */
export async function reportDataOver(content: Uint8Array): Promise<Uint8Array> {
  return concatBytes(await sha256(content), new Uint8Array(REPORT_DATA_LENGTH - HASH_LENGTH));
}

/** What evidence in a certificate must carry to speak for the certificate's key. */
export interface KeyBinding {
  /** The 64 bytes as Gramine writes them. */
  readonly reportData: Uint8Array;
  /** Whether the second half, which Gramine's own verifier does not look at, must be zero too. */
  readonly strict: boolean;
}

/**
 * Whether evidence with this report data speaks for the key.
 * @param reportData 64 bytes as the evidence has them
 * @returns the same bytes: what `appraise` may expect in them
 * @throws RaTlsError `key-not-bound`
 */
export function expectBound(reportData: Uint8Array, { reportData: expected, strict }: KeyBinding): Uint8Array {
  if (reportData.length !== REPORT_DATA_LENGTH) {
    throw new RaTlsError("key-not-bound", "report data has the wrong length", {
      expected: `${REPORT_DATA_LENGTH} bytes`,
      actual: `${reportData.length} bytes`,
    });
  }
  if (!equalBytes(reportData.subarray(0, HASH_LENGTH), expected.subarray(0, HASH_LENGTH))) {
    throw new RaTlsError("key-not-bound", "the evidence was made for another key than the certificate's");
  }
  if (strict && !isZero(reportData.subarray(HASH_LENGTH))) {
    throw new RaTlsError("key-not-bound", "the second half of the report data is not zero", {
      remedy: "verify without `strict` if this peer uses those bytes for something of its own",
    });
  }
  return reportData;
}
