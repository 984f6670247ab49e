/** Castagnoli polynomial, bit-reversed (RFC 3720 appendix B.4). */
const POLYNOMIAL = 0x82f63b78;
const WORD = 4;
/** Parts of a block that are worked on side by side: each step waits for the step before it, but not for those of other parts. */
const LANES = 4;
const LANE = 1024;
/** LevelDB's constant for stored checksums, so that a checksum over data that holds checksums stays meaningful. */
const MASK_DELTA = 0xa282ead8;

// What becomes of each byte of a checksum after a word of zeros, and after a lane of them.
const [word0, word1, word2, word3] = tablesAfter(WORD);
const [lane0, lane1, lane2, lane3] = tablesAfter(LANE);

/** CRC-32C (Castagnoli) of `bytes` as an unsigned 32-bit number (RFC 3720 section 12.1). */
export function crc32c(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocksEnd = bytes.length - (bytes.length % (LANES * LANE));
  const wordsEnd = bytes.length - (bytes.length % WORD);
  let crc = 0xffffffff;
  for (let offset = 0; offset < blocksEnd; offset += LANES * LANE) {
    crc = addBlock(view, offset, crc);
  }
  for (let offset = blocksEnd; offset < wordsEnd; offset += WORD) {
    crc = afterWord(crc ^ view.getUint32(offset, true));
  }
  for (let offset = wordsEnd; offset < bytes.length; offset++) {
    crc = at(word3, (crc ^ view.getUint8(offset)) & 0xff) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** The form in which LevelDB tables, TensorFlow checkpoints and TFRecord files store a checksum: rotated and offset. */
export function maskCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** Four lanes from `start` on. The checksum is linear: that of a whole is that of its front, moved on by zeros, and that of its rest. */
function addBlock(view: DataView, start: number, crc: number): number {
  let [a, b, c, d] = [crc, 0, 0, 0];
  for (let offset = start; offset < start + LANE; offset += WORD) {
    a = afterWord(a ^ view.getUint32(offset, true));
    b = afterWord(b ^ view.getUint32(offset + LANE, true));
    c = afterWord(c ^ view.getUint32(offset + 2 * LANE, true));
    d = afterWord(d ^ view.getUint32(offset + 3 * LANE, true));
  }
  return afterLane(afterLane(afterLane(a) ^ b) ^ c) ^ d;
}

/** What becomes of a checksum after a word of zeros. */
function afterWord(crc: number): number {
  return at(word0, crc & 0xff) ^ at(word1, (crc >>> 8) & 0xff) ^ at(word2, (crc >>> 16) & 0xff) ^ at(word3, crc >>> 24);
}

/** What becomes of a checksum after a lane of zeros. */
function afterLane(crc: number): number {
  return at(lane0, crc & 0xff) ^ at(lane1, (crc >>> 8) & 0xff) ^ at(lane2, (crc >>> 16) & 0xff) ^ at(lane3, crc >>> 24);
}

function at(table: Uint32Array, index: number): number {
  return table[index] as number;
}

function tablesAfter(zeros: number): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  return [tableAfter(zeros, 0), tableAfter(zeros, 8), tableAfter(zeros, 16), tableAfter(zeros, 24)];
}

/** What becomes of each byte of a checksum, which begins at bit `shift`, after some zero bytes. */
function tableAfter(zeros: number, shift: number): Uint32Array {
  const table = new Uint32Array(256);
  for (let bit = 0; bit < 8; bit++) {
    const effect = afterZeros(1 << (shift + bit), zeros);
    for (let lower = 0; lower < 1 << bit; lower++) {
      table[(1 << bit) + lower] = at(table, lower) ^ effect;
    }
  }
  return table;
}

function afterZeros(crc: number, zeros: number): number {
  let result = crc;
  for (let bit = 0; bit < 8 * zeros; bit++) {
    result = result & 1 ? (result >>> 1) ^ POLYNOMIAL : result >>> 1;
  }
  return result;
}
