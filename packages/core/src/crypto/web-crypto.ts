/**
 * The same bytes in the form Web Crypto takes: over an ArrayBuffer of their own kind. Bytes over shared memory are copied,
 * because another thread could change them during the operation.
 */
export function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}
