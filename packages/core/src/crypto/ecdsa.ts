import { primitives } from "#primitives";
import type { EcdsaHash, EcdsaVerifier } from "./primitives.ts";
import type { EcPublicKey } from "./public-key-info.ts";

/**
 * Whether `signature64` (raw r||s) over `data` was made with ECDSA P-256 and SHA-256 by the key `publicKey64` (x||y). Any
 * malformed input, such as a point off the curve, is `false`.
 */
export function verifyEcdsaP256(publicKey64: Uint8Array, signature64: Uint8Array, data: Uint8Array): Promise<boolean> {
  return verifyEcdsa({ curve: "P-256", point: publicKey64 }, "SHA-256", signature64, data);
}

/**
 * Whether `signature96` (raw r||s, big endian) over `data` was made with ECDSA P-384 and SHA-384 by the key `publicKey96`
 * (x||y). Any malformed input is `false`.
 */
export function verifyEcdsaP384(publicKey96: Uint8Array, signature96: Uint8Array, data: Uint8Array): Promise<boolean> {
  return verifyEcdsa({ curve: "P-384", point: publicKey96 }, "SHA-384", signature96, data);
}

/** ECDSA over a point and a raw r||s signature; malformed input is `false`. */
export async function verifyEcdsa(
  key: EcPublicKey,
  hash: EcdsaHash,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const verify = await ecdsaVerifier(key, hash);
  return verify(signature, data);
}

/**
 * {@link verifyEcdsa} for a key that is used often: it is imported once, which takes about a third of the time of a
 * verification. With a malformed key the answer is always `false`.
 */
export async function ecdsaVerifier(key: EcPublicKey, hash: EcdsaHash): Promise<EcdsaVerifier> {
  return (await primitives.ecdsaVerifier(key, hash)) ?? (() => false);
}
