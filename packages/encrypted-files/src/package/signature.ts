import { sign, verify } from "node:crypto";
import { concatBytes, decodeBase64, encodeBase64, encodeUtf8 } from "@sealserve/core";
import { parseOwnerPrivateKey, parseOwnerPublicKey } from "./owner-key.ts";

// Keeps a signature under a manifest from meaning anything elsewhere, should the same key ever sign something else.
const DOMAIN_LABEL = encodeUtf8("sealserve package manifest v1\0");

/** Size of an Ed25519 signature, in bytes. */
const SIGNATURE_SIZE = 64;

/** Largest signature file that is read, in bytes. */
export const MAX_SIGNATURE_FILE_SIZE = 256;

/**
 * The signature file of a manifest: base64 of the owner's Ed25519 signature over a domain label and the exact bytes.
 * @throws EncryptedFilesError `owner-key-invalid`
 */
export function signManifest(manifest: Uint8Array, signingKeyPem: string): string {
  const key = parseOwnerPrivateKey(signingKeyPem);
  return `${encodeBase64(sign(null, concatBytes(DOMAIN_LABEL, manifest), key))}\n`;
}

/**
 * Whether `signature`, the text of a signature file, is the owner's under these exact bytes.
 * @throws EncryptedFilesError `owner-key-invalid`
 */
export function isManifestSignature(manifest: Uint8Array, signature: string, ownerPublicKeyPem: string): boolean {
  const key = parseOwnerPublicKey(ownerPublicKeyPem);
  const bytes = parseSignature(signature);
  return bytes !== undefined && verify(null, concatBytes(DOMAIN_LABEL, manifest), key, bytes);
}

function parseSignature(text: string): Uint8Array | undefined {
  try {
    const bytes = decodeBase64(text.replace(/\n$/, ""));
    return bytes.length === SIGNATURE_SIZE ? bytes : undefined;
  } catch {
    return undefined;
  }
}
