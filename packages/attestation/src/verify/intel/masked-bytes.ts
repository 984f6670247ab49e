/** The bits of `bytes` that a mask of the same length lets through; bytes beyond a shorter mask stay as they are. */
export function maskedBytes(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte & (mask[index] ?? 0xff));
}
