import type { EcdsaHash } from "./primitives.ts";
import type { EcCurve } from "./public-key-info.ts";
import type { EcdsaAlgorithmName, SignatureAlgorithmName } from "./signature-algorithm.ts";

const PSS_SALT_BYTES = 48;

/** What Web Crypto wants to hear about an algorithm: when a key is made or imported, and when it signs or verifies. */
export interface AlgorithmParameters {
  readonly key: { readonly name: string; readonly hash?: string; readonly namedCurve?: string };
  readonly signature: { readonly name: string; readonly hash?: string; readonly saltLength?: number };
}

/** The algorithms whose X.509 signatures are what Web Crypto takes and returns. */
export type PlainAlgorithmName = Exclude<SignatureAlgorithmName, EcdsaAlgorithmName>;

const ECDSA_HASHES: Readonly<Record<EcdsaAlgorithmName, EcdsaHash>> = {
  "ecdsa-with-sha256": "SHA-256",
  "ecdsa-with-sha384": "SHA-384",
};

const PLAIN_PARAMETERS: Readonly<Record<PlainAlgorithmName, AlgorithmParameters>> = {
  "sha256-with-rsa": {
    key: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    signature: { name: "RSASSA-PKCS1-v1_5" },
  },
  "rsa-pss-sha384": {
    key: { name: "RSA-PSS", hash: "SHA-384" },
    signature: { name: "RSA-PSS", saltLength: PSS_SALT_BYTES },
  },
  ed25519: { key: { name: "Ed25519" }, signature: { name: "Ed25519" } },
};

/** Whether an algorithm is one of EC keys, with its signatures in DER. */
export function isEcdsa(algorithm: SignatureAlgorithmName): algorithm is EcdsaAlgorithmName {
  return algorithm in ECDSA_HASHES;
}

/** The hash of an ECDSA algorithm. It does not follow from the curve: Gramine signs with P-384 and SHA-256. */
export function ecdsaHash(algorithm: EcdsaAlgorithmName): EcdsaHash {
  return ECDSA_HASHES[algorithm];
}

/** Web Crypto parameters of an ECDSA algorithm with keys on `curve`. */
export function ecdsaParameters(algorithm: EcdsaAlgorithmName, curve: EcCurve): AlgorithmParameters {
  return { key: { name: "ECDSA", namedCurve: curve }, signature: { name: "ECDSA", hash: ecdsaHash(algorithm) } };
}

/** Web Crypto parameters of an RSA algorithm or Ed25519. */
export function plainParameters(algorithm: PlainAlgorithmName): AlgorithmParameters {
  return PLAIN_PARAMETERS[algorithm];
}
