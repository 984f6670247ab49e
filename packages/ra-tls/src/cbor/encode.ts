import { concatBytes, encodeUtf8 } from "@sealserve/core";

/** Additional information of an item's head, and how many octets of argument follow it. */
const FORMS = [
  [24, 1],
  [25, 2],
  [26, 4],
  [27, 8],
] as const;

/** An unsigned integer (RFC 8949 section 3.1). */
export function encodeCborUnsigned(value: number): Uint8Array {
  return head(0, value);
}

/** A byte string. */
export function encodeCborBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes(head(2, bytes.length), bytes);
}

/** A text string. */
export function encodeCborText(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  return concatBytes(head(3, bytes.length), bytes);
}

/** An array of encoded items. */
export function encodeCborArray(...items: readonly Uint8Array[]): Uint8Array {
  return concatBytes(head(4, items.length), ...items);
}

/** A map of encoded keys and values, in the order given. */
export function encodeCborMap(...pairs: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): Uint8Array {
  return concatBytes(head(5, pairs.length), ...pairs.flat());
}

/** An encoded item under a tag number. */
export function encodeCborTag(tag: number, item: Uint8Array): Uint8Array {
  return concatBytes(head(6, tag), item);
}

/** Type and argument of an item, in the shortest form. */
function head(major: number, value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError("CBOR argument is no unsigned integer");
  }
  const type = major << 5;
  if (value < 24) {
    return Uint8Array.of(type | value);
  }
  const [information, width] = FORMS.find(([, octets]) => value < 256 ** octets) ?? [27, 8];
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setBigUint64(1, BigInt(value));
  bytes[8 - width] = type | information;
  return bytes.subarray(8 - width);
}
