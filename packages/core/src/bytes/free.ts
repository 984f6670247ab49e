/** Of smaller buffers the collector's own work is less than that of freeing each. */
const LARGE = 1 << 16;

/**
 * Frees the memory of a large buffer that nobody reads any more; views over it are empty afterwards. As garbage it would cost more than all
 * copies of it: the collector runs the more often, the more memory outside of its heap waits for it.
 */
export function freeLarge(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= LARGE && !buffer.detached) {
    buffer.transfer(0);
  }
}

/** The same for bytes that are all of their buffer. The buffer of small ones, which V8 makes when it is asked for, is left unmade. */
export function freeLargeBytes(bytes: Uint8Array): void {
  if (bytes.length >= LARGE) {
    freeLarge(bytes.buffer);
  }
}
