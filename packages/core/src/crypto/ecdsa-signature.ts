import { concatBytes, isZero } from "../bytes/compare.ts";
import { parseDer } from "../der/element.ts";
import { encodeInteger, encodeSequence } from "../der/encode.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derIntegerOctets } from "../der/values.ts";
import { CoreError } from "../errors.ts";

/**
 * Raw r||s, each `size` bytes, from an ECDSA-Sig-Value (RFC 3279 section 2.2.3). Both numbers must be positive, in their
 * shortest form and fit their size. A high s is valid: X.509 and Intel's signers do not normalise it.
 * @throws CoreError `bad-der`
 */
export function ecdsaSignatureToRaw(signature: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const fields = new DerFields(derSequence(parseDer(signature)), "ECDSA signature");
  const r = fixedSize(derIntegerOctets(fields.next()), size);
  const s = fixedSize(derIntegerOctets(fields.next()), size);
  fields.expectEnd();
  return concatBytes(r, s);
}

/** ECDSA-Sig-Value (RFC 3279 section 2.2.3) from raw r||s of equal lengths. @throws CoreError `bad-der` */
export function ecdsaSignatureFromRaw(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  if (raw.length === 0 || raw.length % 2 !== 0) {
    throw new CoreError("bad-der", "raw ECDSA signature is not two numbers of equal length");
  }
  const half = raw.length / 2;
  return encodeSequence(encodeInteger(raw.subarray(0, half)), encodeInteger(raw.subarray(half)));
}

function fixedSize(octets: Uint8Array, size: number): Uint8Array {
  const negative = (octets[0] ?? 0) >= 0x80;
  const magnitude = octets[0] === 0 ? octets.subarray(1) : octets;
  if (negative || isZero(magnitude) || magnitude.length > size) {
    throw new CoreError("bad-der", "number in an ECDSA signature is out of range");
  }
  return concatBytes(new Uint8Array(size - magnitude.length), magnitude);
}
