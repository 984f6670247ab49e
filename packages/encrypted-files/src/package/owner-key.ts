import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { rm } from "node:fs/promises";
import { EncryptedFilesError } from "../errors.ts";
import { writeKeyFile } from "../key-file.ts";
import { PUBLIC_FILE_MODE } from "../output-file.ts";

/** The key pair that an owner signs her packages with: Ed25519 (RFC 8032), PKCS #8 and SubjectPublicKeyInfo as PEM. */
export type OwnerKey = { readonly privateKeyPem: string; readonly publicKeyPem: string };

/** A fresh owner key. */
export function generateOwnerKey(): OwnerKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKeyPem: privateKey, publicKeyPem: publicKey };
}

/**
 * Writes an owner key to two new files; only the owner may read the private one (mode 0600). Both appear, or none.
 * @throws EncryptedFilesError `key-file-exists`, `output-failed`
 */
export async function writeOwnerKey(
  key: OwnerKey,
  files: { readonly privateKeyFile: string; readonly publicKeyFile: string },
): Promise<void> {
  await writeKeyFile(files.publicKeyFile, key.publicKeyPem, PUBLIC_FILE_MODE);
  try {
    await writeKeyFile(files.privateKeyFile, key.privateKeyPem);
  } catch (error) {
    await rm(files.publicKeyFile, { force: true });
    throw error;
  }
}

/**
 * An owner's private key from PEM.
 * @throws EncryptedFilesError `owner-key-invalid` unless the text is an Ed25519 private key
 */
export function parseOwnerPrivateKey(pem: string): KeyObject {
  return parseOwnerKey(() => createPrivateKey(pem), "private");
}

/**
 * An owner's public key from PEM.
 * @throws EncryptedFilesError `owner-key-invalid` unless the text is an Ed25519 public key
 */
export function parseOwnerPublicKey(pem: string): KeyObject {
  // Node would quietly derive a public key from a private one, and a private key has no business with a verifier.
  return parseOwnerKey(() => (pem.includes("PRIVATE KEY") ? undefined : createPublicKey(pem)), "public");
}

function parseOwnerKey(parse: () => KeyObject | undefined, kind: "private" | "public"): KeyObject {
  const key = parsedOrNone(parse);
  if (key?.asymmetricKeyType !== "ed25519") {
    throw new EncryptedFilesError("owner-key-invalid", `this is not an owner's ${kind} key`, {
      expected: `an Ed25519 ${kind} key as PEM`,
      actual: key?.asymmetricKeyType ?? "something else",
      remedy: `give the ${kind} half of the key pair that was made for signing packages`,
    });
  }
  return key;
}

/** Drops the reason: what a parser says about a bad key could quote it. */
function parsedOrNone(parse: () => KeyObject | undefined): KeyObject | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
