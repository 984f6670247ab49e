import { type AlgorithmParameters, type PlainAlgorithmName, plainParameters } from "./algorithm-parameters.ts";
import { ownBuffer } from "./web-crypto.ts";

// Below is too weak; above, one verification takes longer than any certificate in use needs.
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/**
 * Whether `signature` (RSA or Ed25519, as it stands in X.509) over `data` was made with `algorithm` by the key
 * `publicKeyInfo` (SubjectPublicKeyInfo DER). A key or signature that is malformed, weak or of another kind is `false`.
 */
export async function verifyPlainSignature(
  algorithm: PlainAlgorithmName,
  publicKeyInfo: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const parameters = plainParameters(algorithm);
  const key = await importPublicKey(parameters.key, publicKeyInfo);
  return (
    key !== undefined &&
    hasAcceptedStrength(key, signature.length) &&
    crypto.subtle.verify(parameters.signature, key, ownBuffer(signature), ownBuffer(data))
  );
}

/** Undefined when the bytes are no key of this kind. */
async function importPublicKey(
  parameters: AlgorithmParameters["key"],
  publicKeyInfo: Uint8Array,
): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey("spki", ownBuffer(publicKeyInfo), parameters, false, ["verify"]);
  } catch {
    return undefined;
  }
}

/** An RSA signature is as long as its modulus (RFC 8017 section 8.1.2): a leading zero must not be left out. */
function hasAcceptedStrength(key: CryptoKey, signatureLength: number): boolean {
  if (!("modulusLength" in key.algorithm)) {
    return true;
  }
  const bits = Number(key.algorithm.modulusLength);
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && signatureLength === Math.ceil(bits / 8);
}
