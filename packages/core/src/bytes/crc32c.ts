/** Castagnoli polynomial, bit-reversed (RFC 3720 appendix B.4). */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 4;
/** LevelDB's constant for stored checksums, so that a checksum over data that holds checksums stays meaningful. */
const MASK_DELTA = 0xa282ead8;

const tables = makeTables();

/** CRC-32C (Castagnoli) of `bytes` as an unsigned 32-bit number (RFC 3720 section 12.1). */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = tables;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wholeWords = bytes.length - (bytes.length % SLICES);
  let crc = 0xffffffff;
  for (let offset = 0; offset < wholeWords; offset += SLICES) {
    crc ^= view.getUint32(offset, true);
    crc = at(t3, crc & 0xff) ^ at(t2, (crc >>> 8) & 0xff) ^ at(t1, (crc >>> 16) & 0xff) ^ at(t0, crc >>> 24);
  }
  for (let offset = wholeWords; offset < bytes.length; offset++) {
    crc = at(t0, (crc ^ view.getUint8(offset)) & 0xff) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** The form in which LevelDB tables, TensorFlow checkpoints and TFRecord files store a checksum: rotated and offset. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

function at(table: Uint32Array, index: number): number {
  return table[index] as number;
}

/** `tables[k][b]`: effect of byte `b` followed by `k` zero bytes. */
function makeTables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = new Uint32Array(256).map((_, byte) => byteEffect(byte));
  const next = (previous: Uint32Array): Uint32Array =>
    previous.map((crc) => (at(first, crc & 0xff) ^ (crc >>> 8)) >>> 0);
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}

function byteEffect(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return crc >>> 0;
}
