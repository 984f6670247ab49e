import { createHash } from "node:crypto";
import {
  concatBytes,
  type createCertificate,
  decodeHex,
  encodeUtf8,
  generateEcKey,
  type SigningKey,
} from "@sealserve/core";
import { enclaveCertificate } from "../../../tests/support/enclave-certificate.ts";
import { GRAMINE_QUOTE_OID_CONTENT } from "../src/certificate/object-identifiers.ts";

export type Extensions = NonNullable<Parameters<typeof createCertificate>[0]["extensions"]>;

export const GRAMINE_OID = { content: GRAMINE_QUOTE_OID_CONTENT };
export const CLEAN_OID = "1.2.840.113741.1337.6";
export const TAGGED_OID = "2.23.133.5.4.9";

/** A self-signed certificate with extensions made from its key. */
export async function certificateWith(
  extensionsFor: (publicKeyInfo: Uint8Array) => Extensions,
  signer?: SigningKey,
): Promise<Uint8Array> {
  const key = signer ?? (await generateEcKey("P-384"));
  return enclaveCertificate(key, extensionsFor(key.publicKeyInfo));
}

/** Bytes of the size of a quote with `reportData` where an SGX quote holds it. */
export function sampleQuote(reportData: Uint8Array, size = 1000): Uint8Array {
  const quote = new Uint8Array(size).fill(0x5a);
  quote.set(reportData.subarray(0, Math.max(0, size - 368)), Math.min(368, size));
  return quote;
}

/** Claims as Gramine serialises them, written out byte by byte. */
export function claimsFor(publicKeyInfo: Uint8Array): Uint8Array {
  const hash = createHash("sha256").update(publicKeyInfo).digest();
  return concatBytes(decodeHex("a16b"), encodeUtf8("pubkey-hash"), decodeHex("5824820158"), Uint8Array.of(32), hash);
}

/** Tagged evidence written out byte by byte, with any tag and anything behind its end. */
export function taggedValue(
  quote: Uint8Array,
  claims: Uint8Array,
  { tag = "d9ea60", behind = "" }: { tag?: string; behind?: string } = {},
): Uint8Array {
  return concatBytes(decodeHex(`${tag}82`), byteString(quote), byteString(claims), decodeHex(behind));
}

export function byteString(bytes: Uint8Array): Uint8Array {
  const length = bytes.length.toString(16).padStart(4, "0");
  if (bytes.length < 24) {
    return concatBytes(Uint8Array.of(0x40 + bytes.length), bytes);
  }
  return concatBytes(decodeHex(bytes.length < 256 ? `58${length.slice(2)}` : `59${length}`), bytes);
}
