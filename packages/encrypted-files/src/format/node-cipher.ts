import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from "node:crypto";

/** Size of a key and of a GCM tag, in bytes. */
export const KEY_SIZE = 16;

/** What a parent keeps of a node: its key, then its GCM tag. */
export const SLOT_SIZE = 2 * KEY_SIZE;

const CIPHER = "aes-128-gcm";

// The format's nonce is always zero. That is sound only because no key ever encrypts twice: `sealNode` draws a new one
// for each call, and a metadata key comes from a nonce that is new on each write.
const ZERO_NONCE = new Uint8Array(12);

// Every node has a key of its own, so a cipher's set-up counts as much as its work. Node 24 takes some 8 µs more for a key
// given as bytes than for a KeyObject, because it throws and catches an error to find out that it is none.

/** Encrypts `plain` into `target` (same length) under `key`, which must never have been used. Returns the GCM tag. */
export function sealWithKey(key: Uint8Array, plain: Uint8Array, target: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, createSecretKey(key), ZERO_NONCE);
  target.set(cipher.update(plain));
  cipher.final();
  return cipher.getAuthTag();
}

/** Encrypts `plain` into `target` under a fresh random key, and puts this key and the tag into `slot` (32 bytes). */
export function sealNode(plain: Uint8Array, target: Uint8Array, slot: Uint8Array): void {
  const key = slot.subarray(0, KEY_SIZE);
  randomFillSync(key);
  slot.set(sealWithKey(key, plain, target), KEY_SIZE);
}

/** Plaintext of `encrypted`, or undefined where the tag does not fit: nothing unverified gets out. */
export function openWithKey(
  key: Uint8Array,
  tag: Uint8Array,
  encrypted: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  const decipher = createDecipheriv(CIPHER, createSecretKey(key), ZERO_NONCE, { authTagLength: KEY_SIZE });
  decipher.setAuthTag(tag);
  const plain = decipher.update(encrypted);
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return undefined;
  }
  return plain;
}

/** Plaintext of a node by the key and tag in its parent's `slot`, or undefined where the tag does not fit. */
export function openNode(slot: Uint8Array, node: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  return openWithKey(slot.subarray(0, KEY_SIZE), slot.subarray(KEY_SIZE, SLOT_SIZE), node);
}
