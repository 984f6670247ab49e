import { concatBytes } from "@sealserve/core";

/**
 * Joins fields, each behind its length in four bytes (big endian): two different lists of fields never give the same
 * bytes. For hashes and key derivation.
 */
export function lengthPrefixed(...fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatBytes(...fields.flatMap((field) => [bigEndianU32(field.length), field]));
}

function bigEndianU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
