/** Compressed flag (1 byte) and message length (4 bytes, big-endian) in front of every gRPC message ("gRPC over HTTP2"). */
export const PREFIX_LENGTH = 5;

/** Prefix of an uncompressed message of `length` bytes. */
export function messagePrefix(length: number): Uint8Array<ArrayBuffer> {
  const prefix = new Uint8Array(PREFIX_LENGTH);
  new DataView(prefix.buffer).setUint32(1, length);
  return prefix;
}

/** The message's length by its prefix, of which all bytes must be there. */
export function messageLength(prefix: Uint8Array): number {
  let length = 0;
  for (let index = 1; index < PREFIX_LENGTH; index++) {
    length = (length << 8) | (prefix[index] as number);
  }
  return length >>> 0;
}
