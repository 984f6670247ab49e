/** 16 random bytes, positive and without a leading zero byte (RFC 5280 section 4.1.2.2). */
export function randomSerial(): Uint8Array {
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}
