import { createCipheriv } from "node:crypto";

const BLOCK_SIZE = 16;
const ZERO_BLOCK = new Uint8Array(BLOCK_SIZE);

/** AES-128-CMAC of `message` (RFC 4493), 16 bytes. What it computed on the way, also where the result is a key, is overwritten. */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK_SIZE));
  const padded = new Uint8Array(blocks * BLOCK_SIZE);
  padded.set(message);
  const subkey = encryptedZeros(key);
  double(subkey);
  if (message.length !== padded.length) {
    padded[message.length] = 0x80;
    double(subkey);
  }
  const last = padded.subarray(-BLOCK_SIZE);
  last.forEach((byte, index) => {
    last[index] = byte ^ (subkey[index] ?? 0);
  });
  const cipher = createCipheriv("aes-128-cbc", key, ZERO_BLOCK).setAutoPadding(false);
  const chained = cipher.update(padded);
  const mac = Uint8Array.from(chained.subarray(-BLOCK_SIZE));
  for (const intermediate of [subkey, padded, chained]) {
    intermediate.fill(0);
  }
  return mac;
}

function encryptedZeros(key: Uint8Array): Uint8Array {
  return createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(ZERO_BLOCK);
}

/** Multiplication by x in GF(2^128) (RFC 4493 section 2.3), in place. */
function double(block: Uint8Array): void {
  const reduction = ((block[0] ?? 0) & 0x80) === 0 ? 0 : 0x87;
  for (const [index, byte] of block.entries()) {
    block[index] = (byte << 1) | ((block[index + 1] ?? 0) >> 7);
  }
  block[BLOCK_SIZE - 1] = (block[BLOCK_SIZE - 1] ?? 0) ^ reduction;
}
