import { CoreError } from "../errors.ts";
import {
  type AlgorithmParameters,
  ecdsaHash,
  isEcdsa,
  type PlainAlgorithmName,
  plainParameters,
} from "./algorithm-parameters.ts";
import { verifyEcdsa } from "./ecdsa.ts";
import { ecdsaSignatureToRaw } from "./ecdsa-signature.ts";
import { coordinateSize, type EcPublicKey, parseEcPublicKeyInfo } from "./public-key-info.ts";
import type { EcdsaAlgorithmName, SignatureAlgorithmName } from "./signature-algorithm.ts";
import { ownBuffer } from "./web-crypto.ts";

// Below is too weak; above, one verification takes longer than any certificate in use needs.
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/**
 * Whether `signature`, in the form of X.509 (DER for ECDSA), over `data` was made with `algorithm` by the key
 * `publicKeyInfo` (SubjectPublicKeyInfo DER). A key or signature that is malformed, weak or of another kind is `false`.
 */
export function verifySignature(
  algorithm: SignatureAlgorithmName,
  publicKeyInfo: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  return isEcdsa(algorithm)
    ? verifyDerEcdsa(algorithm, publicKeyInfo, signature, data)
    : verifyPlain(algorithm, publicKeyInfo, signature, data);
}

async function verifyDerEcdsa(
  algorithm: EcdsaAlgorithmName,
  publicKeyInfo: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const parsed = parseKeyAndSignature(publicKeyInfo, signature);
  return parsed !== undefined && verifyEcdsa(parsed.key, ecdsaHash(algorithm), parsed.rawSignature, data);
}

/** Undefined when either is malformed or the key is no EC key. */
function parseKeyAndSignature(
  publicKeyInfo: Uint8Array,
  signature: Uint8Array,
): { key: EcPublicKey; rawSignature: Uint8Array } | undefined {
  try {
    const key = parseEcPublicKeyInfo(publicKeyInfo);
    return { key, rawSignature: ecdsaSignatureToRaw(signature, coordinateSize(key.curve)) };
  } catch (error) {
    if (error instanceof CoreError) {
      return undefined;
    }
    throw error;
  }
}

async function verifyPlain(
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
