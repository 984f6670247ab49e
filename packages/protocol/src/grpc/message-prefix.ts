/** Compressed flag (1 byte) and message length (4 bytes, big-endian) in front of every gRPC message ("gRPC over HTTP2"). */
export const PREFIX_LENGTH = 5;

/** Prefix of an uncompressed message of `length` bytes. */
export function messagePrefix(length: number): Uint8Array<ArrayBuffer> {
  const prefix = new Uint8Array(PREFIX_LENGTH);
  new DataView(prefix.buffer).setUint32(1, length);
  return prefix;
}
