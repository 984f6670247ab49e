import { ModelError } from "../errors.ts";
import type { StringLayout, StringMemory } from "./string-layout.ts";

/** A `TF_TString` (tsl/platform/ctstring_internal.h): the two low bits of its first byte say which form it has. */
const STRUCT_BYTES = 24;
const FORM_BITS = 2;
const FORMS = {
  /** Length in the first byte, then the string. */
  small: 0,
  /** Length, capacity and address, 64 bits each. */
  large: 1,
  /** Length and the distance from the structure to the string, 32 bits each. */
  offset: 2,
  /** Length and address, 64 bits each. */
  view: 3,
} as const;
const MAX_SMALL_BYTES = 22;
const MAX_OFFSET_BYTES = 2 ** 30;
const ADDRESS_AT = { large: 16, view: 8 } as const;

/**
 * Strings from TensorFlow 2.4 on. Short ones are written into their structures, others behind all structures and named by their distance:
 * so the tensor's memory is all there is, and goes as a whole.
 */
export const inlineStrings: StringLayout = {
  pack: (strings) => {
    const table = strings.length * STRUCT_BYTES;
    const longBytes = strings.reduce((sum, { length }) => sum + (length > MAX_SMALL_BYTES ? length : 0), 0);
    const packed = new Uint8Array(table + longBytes);
    const view = new DataView(packed.buffer);
    let end = table;
    for (const [index, text] of strings.entries()) {
      const at = index * STRUCT_BYTES;
      if (text.length <= MAX_SMALL_BYTES) {
        view.setUint8(at, (text.length << FORM_BITS) | FORMS.small);
        packed.set(text, at + 1);
        continue;
      }
      const distance = end - at;
      if (text.length >= MAX_OFFSET_BYTES || distance >= 2 ** 32) {
        throw new ModelError("too-large", "strings of a tensor are too large for TensorFlow", {
          expected: "each of less than 1 GiB, all within 4 GiB",
        });
      }
      view.setUint32(at, ((text.length << FORM_BITS) | FORMS.offset) >>> 0, true);
      view.setUint32(at + 4, distance, true);
      packed.set(text, end);
      end += text.length;
    }
    return packed;
  },
  unpack: (memory, count) => Array.from({ length: count }, (_, index) => readString(memory, index * STRUCT_BYTES)),
};

function readString({ bytes, address, read }: StringMemory, at: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, STRUCT_BYTES);
  const length = Number(view.getBigUint64(0, true) >> BigInt(FORM_BITS));
  switch (view.getUint8(0) & 3) {
    case FORMS.small: {
      const small = view.getUint8(0) >> FORM_BITS;
      return bytes.slice(at + 1, at + 1 + small);
    }
    case FORMS.offset:
      return read(address + BigInt(at + view.getUint32(4, true)), view.getUint32(0, true) >>> FORM_BITS);
    case FORMS.large:
      return read(view.getBigUint64(ADDRESS_AT.large, true), length);
    default:
      return read(view.getBigUint64(ADDRESS_AT.view, true), length);
  }
}
