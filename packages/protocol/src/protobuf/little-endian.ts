/** An array of numbers over a buffer. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reverses the bytes of every `size`-byte element, in place. */
export function swapElements(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}

/**
 * Copies little-endian elements into `target` from element `index` on. A copy, not a view: a value on the wire is
 * hardly ever aligned to its element size.
 */
export function copyLittleEndian(bytes: Uint8Array, target: NumberArray, index = 0): void {
  const size = target.BYTES_PER_ELEMENT;
  const place = new Uint8Array(target.buffer, target.byteOffset + index * size, bytes.length);
  place.set(bytes);
  if (!hostIsLittleEndian) {
    swapElements(place, size);
  }
}

/** The elements as little-endian bytes: a view where the host has that order, else a copy. */
export function littleEndianBytes(values: NumberArray): Uint8Array {
  const view = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (hostIsLittleEndian) {
    return view;
  }
  const copy = view.slice();
  swapElements(copy, values.BYTES_PER_ELEMENT);
  return copy;
}
