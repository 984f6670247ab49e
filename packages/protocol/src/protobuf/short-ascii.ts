const SHORT = 32;
/** Short texts that have been read, each at the place that its bytes give: a power of two. */
const REMEMBERED = 256;

const remembered: (string | undefined)[] = Array.from({ length: REMEMBERED }, () => undefined);

/**
 * Text of short ASCII bytes, without the cost of a TextDecoder call; names, which come again with each request, without a new string or a view of
 * their bytes.
 * @returns undefined for other bytes
 */
export function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > SHORT) {
    return undefined;
  }
  let hash = end - start;
  let all = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] as number;
    hash = (Math.imul(hash, 31) + byte) | 0;
    all |= byte;
  }
  if (all >= 0x80) {
    return undefined;
  }
  const place = hash & (REMEMBERED - 1);
  const known = remembered[place];
  if (known !== undefined && isText(known, bytes, start, end)) {
    return known;
  }
  const text = String.fromCharCode(...bytes.subarray(start, end));
  remembered[place] = text;
  return text;
}

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) {
    return false;
  }
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) {
      return false;
    }
  }
  return true;
}
