import { coordinateSize, type EcCurve, type EcPublicKey, uncompressedPoint } from "./public-key-info.ts";
import { ownBuffer } from "./web-crypto.ts";

/** The hash functions used with ECDSA. */
export type EcdsaHash = "SHA-256" | "SHA-384";

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

/** Whether a raw r||s signature over `data` was made by the one key of the verifier. */
export type EcdsaVerifier = (signature: Uint8Array, data: Uint8Array) => Promise<boolean>;

/**
 * {@link verifyEcdsa} for a key that is used often: it is imported once, which takes about a third of the time of a
 * verification. With a malformed key the answer is always `false`.
 */
export async function ecdsaVerifier({ curve, point }: EcPublicKey, hash: EcdsaHash): Promise<EcdsaVerifier> {
  const imported = await importPoint(curve, point);
  const signatureLength = 2 * coordinateSize(curve);
  return async (signature, data) =>
    imported !== undefined &&
    signature.length === signatureLength &&
    crypto.subtle.verify({ name: "ECDSA", hash }, imported, ownBuffer(signature), ownBuffer(data));
}

/** Undefined when the point has the wrong length or is not on the curve, which is what the import checks. */
async function importPoint(curve: EcCurve, point: Uint8Array): Promise<CryptoKey | undefined> {
  const algorithm = { name: "ECDSA", namedCurve: curve };
  try {
    return await crypto.subtle.importKey("raw", uncompressedPoint(curve, point), algorithm, false, ["verify"]);
  } catch {
    return undefined;
  }
}
