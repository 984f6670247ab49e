import { generateEcKey, generateRsaKey, importPkcs8, type KeyUsage, keyKindOf, type SigningKey } from "@sealserve/core";

/**
 * Kinds of keys for TLS servers and clients that every generation of Gramine's clients accepts. Ed25519 is none of them: mbedTLS does
 * not know it.
 */
export const KEY_TYPES = ["p256", "rsa2048", "rsa3072"] as const;

export type KeyType = (typeof KEY_TYPES)[number];

/** A new key. */
export async function generateKey(type: KeyType): Promise<SigningKey> {
  if (type === "p256") {
    return await generateEcKey("P-256");
  }
  return await generateRsaKey("sha256-with-rsa", type === "rsa2048" ? 2048 : 3072);
}

/** A key from PKCS #8, to sign in the way that fits the public key it belongs to. @throws CoreError `bad-key` */
export async function importKey(pkcs8: Uint8Array, publicKeyInfo: Uint8Array): Promise<SigningKey> {
  const kind = keyKindOf(publicKeyInfo);
  if (kind === "P-256" || kind === "P-384") {
    return await importPkcs8(pkcs8, kind === "P-256" ? "ecdsa-with-sha256" : "ecdsa-with-sha384");
  }
  return await importPkcs8(pkcs8, "sha256-with-rsa");
}

/** What such a key does in TLS. RSA keys of servers may also decrypt: clients of TLS 1.2 check for it. */
export function tlsKeyUsage({ algorithm }: SigningKey): KeyUsage[] {
  return algorithm.startsWith("ecdsa") ? ["digitalSignature"] : ["digitalSignature", "keyEncipherment"];
}
