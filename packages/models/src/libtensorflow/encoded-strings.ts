import { ByteReader } from "@sealserve/core";

import { encodeVarint, readVarint } from "../bundle/varint.ts";
import type { StringLayout } from "./string-layout.ts";

const OFFSET_BYTES = 8;

/**
 * Strings before TensorFlow 2.4: a table of 64-bit offsets, counted from its end, then for each string its length as a varint and
 * its bytes (tensorflow/c/c_api.h of 1.15, at `TF_STRING`).
 */
export const encodedStrings: StringLayout = {
  pack: (strings) => {
    const lengths = strings.map(({ length }) => encodeVarint(length));
    const table = strings.length * OFFSET_BYTES;
    const total = strings.reduce((sum, { length }, index) => sum + length + (lengths[index]?.length ?? 0), table);
    const packed = new Uint8Array(total);
    const view = new DataView(packed.buffer);
    let end = table;
    for (const [index, text] of strings.entries()) {
      view.setBigUint64(index * OFFSET_BYTES, BigInt(end - table), true);
      packed.set(lengths[index] ?? [], end);
      end += lengths[index]?.length ?? 0;
      packed.set(text, end);
      end += text.length;
    }
    return packed;
  },
  unpack: ({ bytes }, count) => {
    const table = new ByteReader(bytes);
    const offsets = Array.from({ length: count }, () => Number(table.u64()));
    return offsets.map((offset) => {
      const reader = new ByteReader(bytes.subarray(count * OFFSET_BYTES + offset));
      return reader.bytes(readVarint(reader)).slice();
    });
  },
};
