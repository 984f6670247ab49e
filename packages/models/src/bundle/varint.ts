import type { ByteReader } from "@sealserve/core";

import { ModelError } from "../errors.ts";

const MAX_BYTES = 8;

/**
 * A base-128 varint, low group first, as LevelDB writes lengths and offsets.
 * @throws ModelError `bad-checkpoint` when it is longer than 8 bytes or beyond 2^53 - 1
 * @throws CoreError `truncated`
 */
export function readVarint(reader: ByteReader): number {
  let value = 0;
  for (let index = 0; index < MAX_BYTES; index++) {
    const byte = reader.u8();
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      if (!Number.isSafeInteger(value)) {
        break;
      }
      return value;
    }
  }
  throw new ModelError("bad-checkpoint", "a length in the checkpoint table is too large");
}

/** Bytes of a non-negative safe integer as a varint. */
export function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
