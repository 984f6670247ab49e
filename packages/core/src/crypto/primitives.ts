import type { EcPublicKey } from "./public-key-info.ts";

/** The hash functions of FIPS 180-4 that Sealserve uses, by their names in Web Crypto. */
export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

/** The hash functions used with ECDSA. */
export type EcdsaHash = "SHA-256" | "SHA-384";

/** Whether a raw r||s signature over `data` was made by the one key of the verifier. */
export type EcdsaVerifier = (signature: Uint8Array, data: Uint8Array) => boolean | Promise<boolean>;

/**
 * What is asked of the platform's cryptography most often. Each platform has an implementation, chosen by the `imports` of
 * this package: Web Crypto anywhere, and `node:crypto` on Node, where it takes two thirds of the time for a signature and a
 * thirtieth for a digest, since Web Crypto sends each job through the thread pool.
 */
export interface CryptoPrimitives {
  digest(hash: HashName, data: Uint8Array): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  /** Undefined when the point has the wrong length or is not on its curve. Signatures of another length are false. */
  ecdsaVerifier(key: EcPublicKey, hash: EcdsaHash): EcdsaVerifier | undefined | Promise<EcdsaVerifier | undefined>;
}
