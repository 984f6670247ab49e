import { type ByteReader, concatBytes, isZero } from "@sealserve/core";
import { malformed, skipReserved } from "./reserved.ts";

/** Length of the signature field of a report. */
const FIELD_LENGTH = 512;

/** Room for each of r and s, and how much of it a number of P-384 takes. */
const NUMBER_ROOM = 72;
const NUMBER_LENGTH = 48;

/**
 * Reads the signature of a report, in which r and s are little endian (SEV Secure Nested Paging firmware ABI specification,
 * "Format for an ECDSA P-384 signature").
 * @returns r and s, 48 bytes each, big endian
 * @throws AttestationError `snp-report-malformed`
 */
export function readReportSignature(reader: ByteReader): Uint8Array {
  const signature = concatBytes(readNumber(reader), readNumber(reader));
  skipReserved(reader, FIELD_LENGTH - 2 * NUMBER_ROOM);
  return signature;
}

function readNumber(reader: ByteReader): Uint8Array {
  const littleEndian = reader.bytes(NUMBER_ROOM);
  if (!isZero(littleEndian.subarray(NUMBER_LENGTH))) {
    throw malformed("has a signature with a number above 384 bits");
  }
  return littleEndian.subarray(0, NUMBER_LENGTH).toReversed();
}
