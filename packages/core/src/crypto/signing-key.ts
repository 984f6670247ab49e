import { parseDer } from "../der/element.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derTag } from "../der/tags.ts";
import { CoreError } from "../errors.ts";
import { type AlgorithmParameters, ecdsaParameters, isEcdsa, plainParameters } from "./algorithm-parameters.ts";
import { ecdsaSignatureFromRaw } from "./ecdsa-signature.ts";
import { type EcCurve, parseEcAlgorithm } from "./public-key-info.ts";
import type { EcdsaAlgorithmName, SignatureAlgorithmName } from "./signature-algorithm.ts";
import { ownBuffer } from "./web-crypto.ts";

/** A private key that signs certificates, lists and documents. */
export interface SigningKey {
  /** SubjectPublicKeyInfo of the public half, DER. */
  readonly publicKeyInfo: Uint8Array;
  readonly algorithm: SignatureAlgorithmName;
  /** The signature as it stands in X.509: DER for ECDSA, plain octets for RSA and Ed25519. */
  sign(data: Uint8Array): Promise<Uint8Array>;
  /** The private key as PKCS #8 DER (RFC 5958), unencrypted. */
  exportPkcs8(): Promise<Uint8Array>;
}

/** A {@link SigningKey} on P-256 or P-384. */
export interface EcSigningKey extends SigningKey {
  readonly algorithm: EcdsaAlgorithmName;
  /** The signature as raw r||s, big endian. */
  signRaw(data: Uint8Array): Promise<Uint8Array>;
}

/**
 * A new EC key.
 * @param algorithm what it signs with; SHA-256 for P-256 and SHA-384 for P-384 unless stated
 */
export async function generateEcKey(curve: EcCurve, algorithm?: EcdsaAlgorithmName): Promise<EcSigningKey> {
  const chosen = algorithm ?? (curve === "P-256" ? "ecdsa-with-sha256" : "ecdsa-with-sha384");
  const parameters = ecdsaParameters(chosen, curve);
  return ecSigningKey(await generatePair(parameters.key), chosen, parameters);
}

/** A new RSA key with the exponent 65537. */
export async function generateRsaKey(
  algorithm: "sha256-with-rsa" | "rsa-pss-sha384",
  modulusLength: 2048 | 3072 | 4096,
): Promise<SigningKey> {
  const parameters = plainParameters(algorithm);
  const size = { modulusLength, publicExponent: Uint8Array.of(1, 0, 1) };
  return plainSigningKey(await generatePair({ ...parameters.key, ...size }), algorithm, parameters);
}

/** A new Ed25519 key. */
export async function generateEd25519Key(): Promise<SigningKey> {
  const parameters = plainParameters("ed25519");
  return plainSigningKey(await generatePair(parameters.key), "ed25519", parameters);
}

/**
 * A key from unencrypted PKCS #8 DER (RFC 5958).
 * @param algorithm what the key is to sign with; it must fit the kind of the key
 * @throws CoreError `bad-key`
 */
export function importPkcs8(pkcs8: Uint8Array, algorithm: EcdsaAlgorithmName): Promise<EcSigningKey>;
export function importPkcs8(pkcs8: Uint8Array, algorithm: SignatureAlgorithmName): Promise<SigningKey>;
export async function importPkcs8(pkcs8: Uint8Array, algorithm: SignatureAlgorithmName): Promise<SigningKey> {
  try {
    if (isEcdsa(algorithm)) {
      const parameters = ecdsaParameters(algorithm, pkcs8Curve(pkcs8));
      return await ecSigningKey(await importPair(pkcs8, parameters.key), algorithm, parameters);
    }
    const parameters = plainParameters(algorithm);
    return await plainSigningKey(await importPair(pkcs8, parameters.key), algorithm, parameters);
  } catch (cause) {
    throw new CoreError("bad-key", `not a private key for ${algorithm}`, { expected: "unencrypted PKCS #8", cause });
  }
}

interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

async function ecSigningKey(
  pair: KeyPair,
  algorithm: EcdsaAlgorithmName,
  parameters: AlgorithmParameters,
): Promise<EcSigningKey> {
  const key = await plainSigningKey(pair, algorithm, parameters);
  return {
    ...key,
    algorithm,
    sign: async (data) => ecdsaSignatureFromRaw(await key.sign(data)),
    signRaw: (data) => key.sign(data),
  };
}

/** A key whose signatures are what Web Crypto returns. */
async function plainSigningKey(
  { privateKey, publicKey }: KeyPair,
  algorithm: SignatureAlgorithmName,
  parameters: AlgorithmParameters,
): Promise<SigningKey> {
  return {
    publicKeyInfo: new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)),
    algorithm,
    sign: async (data) => new Uint8Array(await crypto.subtle.sign(parameters.signature, privateKey, ownBuffer(data))),
    exportPkcs8: async () => new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)),
  };
}

async function generatePair(parameters: AlgorithmParameters["key"]): Promise<KeyPair> {
  const made = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  if (!("privateKey" in made)) {
    throw new CoreError("unsupported-algorithm", "algorithm has no key pair", { actual: parameters.name });
  }
  return made;
}

async function importPair(pkcs8: Uint8Array, parameters: AlgorithmParameters["key"]): Promise<KeyPair> {
  const privateKey = await crypto.subtle.importKey("pkcs8", ownBuffer(pkcs8), parameters, true, ["sign"]);
  const jwk = await crypto.subtle.exportKey("jwk", privateKey);
  for (const secretMember of ["d", "p", "q", "dp", "dq", "qi"] as const) {
    delete jwk[secretMember];
  }
  jwk.key_ops = ["verify"];
  return { privateKey, publicKey: await crypto.subtle.importKey("jwk", jwk, parameters, true, ["verify"]) };
}

/** The curve that the PrivateKeyInfo of an EC key names. */
function pkcs8Curve(pkcs8: Uint8Array): EcCurve {
  const fields = new DerFields(derSequence(parseDer(pkcs8)), "PrivateKeyInfo");
  fields.next(derTag.integer);
  return parseEcAlgorithm(fields.next());
}
