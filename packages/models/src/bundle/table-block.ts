import { ByteReader, concatBytes } from "@sealserve/core";

import { ModelError } from "../errors.ts";
import { readVarint } from "./varint.ts";

const RESTART_BYTES = 4;

/** One row of a table. Keys are byte strings, held with one character a byte so that they compare and hash as bytes. */
export interface TableEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/**
 * Entries of one uncompressed block: rows that share a prefix with the row before, then the restart array.
 * @throws ModelError `bad-checkpoint`
 * @throws CoreError `truncated`
 */
export function parseTableBlock(block: Uint8Array): TableEntry[] {
  const reader = new ByteReader(block.subarray(0, rowsEnd(block)));
  const entries: TableEntry[] = [];
  let key = new Uint8Array();
  while (reader.remaining > 0) {
    const shared = readVarint(reader);
    const unshared = readVarint(reader);
    const valueLength = readVarint(reader);
    if (shared > key.length) {
      throw new ModelError("bad-checkpoint", "checkpoint table row shares more than the key before it has");
    }
    key = concatBytes(key.subarray(0, shared), reader.bytes(unshared));
    entries.push({ key: keyText(key), value: reader.bytes(valueLength) });
  }
  return entries;
}

/** The table key of a tensor name. */
export function keyOfName(name: string): string {
  return keyText(new TextEncoder().encode(name));
}

function keyText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Where the rows end. Restart points only speed up searching; here every row is read in order. */
function rowsEnd(block: Uint8Array): number {
  const restarts = new ByteReader(block.subarray(Math.max(0, block.length - RESTART_BYTES))).u32();
  const end = block.length - RESTART_BYTES * (restarts + 1);
  if (end < 0) {
    throw new ModelError("bad-checkpoint", "checkpoint table block has more restart points than bytes");
  }
  return end;
}
