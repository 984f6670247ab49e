import { concatBytes, encodeUtf8 } from "@sealserve/core";

/** An unsigned integer below 65536 (RFC 8949 section 3.1). */
export function encodeCborUnsigned(value: number): Uint8Array {
  return head(0, value);
}

/** A byte string of less than 65536 bytes. */
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

function head(major: number, value: number): Uint8Array {
  if (value > 0xffff) {
    throw new RangeError("CBOR argument beyond 65535");
  }
  const type = major << 5;
  if (value < 24) {
    return Uint8Array.of(type | value);
  }
  return value <= 0xff ? Uint8Array.of(type | 24, value) : Uint8Array.of(type | 25, value >> 8, value & 0xff);
}
