import { createCipheriv } from "node:crypto";

const BLOCK_SIZE = 16;
const ZERO_BLOCK = new Uint8Array(BLOCK_SIZE);

/** AES-128-CMAC of `message` (RFC 4493), 16 bytes. */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK_SIZE));
  const padded = new Uint8Array(blocks * BLOCK_SIZE);
  padded.set(message);
  let subkey = doubled(encryptedZeros(key));
  if (message.length !== padded.length) {
    padded[message.length] = 0x80;
    subkey = doubled(subkey);
  }
  const last = padded.subarray(-BLOCK_SIZE);
  last.forEach((byte, index) => {
    last[index] = byte ^ (subkey[index] ?? 0);
  });
  const cipher = createCipheriv("aes-128-cbc", key, ZERO_BLOCK).setAutoPadding(false);
  return Uint8Array.from(cipher.update(padded).subarray(-BLOCK_SIZE));
}

function encryptedZeros(key: Uint8Array): Uint8Array {
  return createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(ZERO_BLOCK);
}

/** Multiplication by x in GF(2^128) (RFC 4493 section 2.3). */
function doubled(block: Uint8Array): Uint8Array {
  const result = Uint8Array.from(block, (byte, index) => ((byte << 1) | ((block[index + 1] ?? 0) >> 7)) & 0xff);
  if (((block[0] ?? 0) & 0x80) !== 0) {
    result[BLOCK_SIZE - 1] = (result[BLOCK_SIZE - 1] ?? 0) ^ 0x87;
  }
  return result;
}
