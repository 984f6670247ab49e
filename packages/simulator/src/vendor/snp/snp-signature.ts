import { concatBytes } from "@sealserve/core";

const COORDINATE_BYTES = 48;
const FIELD_BYTES = 72;
const SIGNATURE_BYTES = 512;

/**
 * The 512 bytes at the end of a report: R and S little endian in 72 bytes each, then zeros (SEV Secure Nested Paging
 * firmware ABI specification, ECDSA P-384 signature).
 * @param raw r||s, 48 bytes each, big endian
 */
export function encodeSnpSignature(raw: Uint8Array): Uint8Array {
  const fields = [raw.subarray(0, COORDINATE_BYTES), raw.subarray(COORDINATE_BYTES)].map((number) =>
    concatBytes(number.toReversed(), new Uint8Array(FIELD_BYTES - COORDINATE_BYTES)),
  );
  return concatBytes(...fields, new Uint8Array(SIGNATURE_BYTES - 2 * FIELD_BYTES));
}
