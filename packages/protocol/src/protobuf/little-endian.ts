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

/**
 * Up to this many bytes, numbers are copied one by one. V8 keeps arrays as small as these among its own objects until somebody
 * asks for their buffer, and to make that costs many times the copy.
 */
export const FEW_BYTES = 64;

const scratch = new Uint8Array(FEW_BYTES);
/** Views of the scratch bytes by the constructor of the numbers that they are. */
const scratchViews = new Map<unknown, NumberArray>(
  [Float32Array, Float64Array, Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array]
    .map((type): [unknown, NumberArray] => [type, new type(scratch.buffer)])
    .concat([BigInt64Array, BigUint64Array].map((type) => [type, new type(scratch.buffer)])),
);

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
  if (bytes.length <= FEW_BYTES && hostIsLittleEndian) {
    copyFew(bytes, target, index);
    return;
  }
  const place = new Uint8Array(target.buffer, target.byteOffset + index * size, bytes.length);
  place.set(bytes);
  if (!hostIsLittleEndian) {
    swapElements(place, size);
  }
}

/** Through memory that has its buffer already. */
function copyFew(bytes: Uint8Array, target: NumberArray, index: number): void {
  const source = scratchViews.get(target.constructor) as Float64Array;
  const count = bytes.length / target.BYTES_PER_ELEMENT;
  if (index + count > target.length) {
    throw new RangeError("more bytes than the array has room for");
  }
  scratch.set(bytes);
  for (let element = 0; element < count; element++) {
    target[index + element] = source[element] as number;
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
