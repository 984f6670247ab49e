import { ByteReader, concatBytes } from "@sealserve/core";

import { ModelError } from "../errors.ts";
import { readVarint } from "./varint.ts";

const RESTART_BYTES = 4;

/** One row of a table. Keys are byte strings, held with one character a byte so that they compare and hash as bytes. */
export interface TableEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Bytes of one key. Names of variables are far shorter. */
const MAX_KEY_BYTES = 4096;
/** Bytes of all keys of a table. A row of four bytes can stand for a key of any length. */
const MAX_ALL_KEY_BYTES = 2 ** 26;

/** Watches over the keys of a table while it is read, over all of its blocks. */
export class KeyOrder {
  #last: string | undefined;
  #left = MAX_ALL_KEY_BYTES;

  /** @throws ModelError `bad-checkpoint` when the key does not come behind the one before, `too-large` */
  admit(key: string): void {
    if (this.#last !== undefined && key <= this.#last) {
      throw new ModelError("bad-checkpoint", "keys of the checkpoint table are not in order");
    }
    this.#last = key;
    this.#left -= key.length;
    if (this.#left < 0) {
      throw new ModelError("too-large", "keys of the checkpoint table come to too many bytes", {
        expected: `at most ${MAX_ALL_KEY_BYTES} bytes`,
      });
    }
  }
}

/**
 * Entries of one uncompressed block: rows that share a prefix with the row before, then the restart array.
 * @param order that of the table's blocks so far
 * @throws ModelError `bad-checkpoint`, `too-large`
 * @throws CoreError `truncated`
 */
export function parseTableBlock(block: Uint8Array, order: KeyOrder): TableEntry[] {
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
    if (shared + unshared > MAX_KEY_BYTES) {
      throw new ModelError("too-large", `checkpoint table has a key of more than ${MAX_KEY_BYTES} bytes`);
    }
    key = concatBytes(key.subarray(0, shared), reader.bytes(unshared));
    const text = keyText(key);
    order.admit(text);
    entries.push({ key: text, value: reader.bytes(valueLength) });
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
