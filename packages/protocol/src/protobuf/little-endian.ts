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

interface ArrayType<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, offset: number, length: number): A;
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Up to this many bytes, numbers are copied through memory that has its buffer. V8 keeps arrays as small as these among its own
 * objects until somebody asks for their buffer, and to make that costs many times the copy.
 */
export const FEW_BYTES = 64;

const scratch = new Uint8Array(FEW_BYTES);
/** Views of the first scratch bytes, by the constructor of the numbers that they are and then by how many. */
const scratchViews = new Map<unknown, readonly NumberArray[]>(
  [Float32Array, Float64Array, Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array]
    .map((type): [unknown, NumberArray[]] => [type, viewsOf<NumberArray>(type)])
    .concat([BigInt64Array, BigUint64Array].map((type) => [type, viewsOf<NumberArray>(type)])),
);

const scratchBytes = viewsOf(Uint8Array);

function viewsOf<A extends NumberArray>(type: ArrayType<A>): A[] {
  const most = FEW_BYTES / type.BYTES_PER_ELEMENT;
  return Array.from({ length: most + 1 }, (_, length) => new type(scratch.buffer, 0, length));
}

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

/**
 * Through memory that has its buffer already, and as bytes: a number of JavaScript would not keep the bits of a signalling NaN.
 * The whole array is set from one of its own kind, which copies its bytes.
 */
function copyFew(bytes: Uint8Array, target: NumberArray, index: number): void {
  const source = scratchViews.get(target.constructor)?.[bytes.length / target.BYTES_PER_ELEMENT];
  if (source === undefined) {
    throw new RangeError("the bytes are no whole number of elements");
  }
  scratch.set(bytes);
  (target as Float64Array).set(source as Float64Array, index);
}

/** {@link littleEndianBytes} of at most {@link FEW_BYTES}; valid until numbers are copied again. */
export function fewLittleEndianBytes(values: NumberArray): Uint8Array {
  const view = scratchViews.get(values.constructor)?.[values.length];
  const bytes = scratchBytes[values.byteLength];
  if (view === undefined || bytes === undefined || !hostIsLittleEndian) {
    return littleEndianBytes(values);
  }
  (view as Float64Array).set(values as Float64Array);
  return bytes;
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
