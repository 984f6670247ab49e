import { concatBytes, crc32c, maskCrc } from "@sealserve/core";

import type { TableEntry } from "./table-block.ts";
import { BLOCK_TRAILER_BYTES, COMPRESSION_NONE, FOOTER_BYTES, FOOTER_MAGIC } from "./table-format.ts";
import { encodeVarint } from "./varint.ts";

/** Rows between two rows that spell their key out, LevelDB's default. */
const RESTART_INTERVAL = 16;

/**
 * A LevelDB-format table with `entries` in one uncompressed data block (LevelDB table_format.md).
 * @param entries in ascending order of their keys, each key once
 */
export function encodeTable(entries: readonly TableEntry[]): Uint8Array {
  const data = encodeBlock(entries);
  const metaIndex = encodeBlock([]);
  const metaIndexAt = data.length + BLOCK_TRAILER_BYTES;
  const indexAt = metaIndexAt + metaIndex.length + BLOCK_TRAILER_BYTES;
  const lastKey = entries.at(-1)?.key ?? "";
  const index = encodeBlock([{ key: lastKey, value: encodeHandle(0, data.length) }]);
  return concatBytes(
    sealBlock(data),
    sealBlock(metaIndex),
    sealBlock(index),
    encodeFooter(encodeHandle(metaIndexAt, metaIndex.length), encodeHandle(indexAt, index.length)),
  );
}

function encodeBlock(entries: readonly TableEntry[]): Uint8Array {
  const rows: Uint8Array[] = [];
  const restarts: number[] = [0];
  let length = 0;
  let previous = "";
  entries.forEach(({ key, value }, position) => {
    const restart = position % RESTART_INTERVAL === 0;
    if (restart && position > 0) {
      restarts.push(length);
    }
    const row = encodeRow(restart ? "" : previous, key, value);
    rows.push(row);
    length += row.length;
    previous = key;
  });
  const tail = new Uint8Array(new Uint32Array([...restarts, restarts.length]).buffer);
  return concatBytes(...rows, tail);
}

function encodeRow(previous: string, key: string, value: Uint8Array): Uint8Array {
  let shared = 0;
  while (shared < previous.length && previous[shared] === key[shared]) {
    shared++;
  }
  const unshared = Buffer.from(key.slice(shared), "latin1");
  const header = [shared, unshared.length, value.length].flatMap(encodeVarint);
  return concatBytes(Uint8Array.from(header), unshared, value);
}

function encodeHandle(offset: number, size: number): Uint8Array {
  return Uint8Array.from([...encodeVarint(offset), ...encodeVarint(size)]);
}

/** Block with its trailer: the compression type and the masked CRC over both. */
function sealBlock(block: Uint8Array): Uint8Array {
  const typed = concatBytes(block, Uint8Array.of(COMPRESSION_NONE));
  return concatBytes(typed, new Uint8Array(new Uint32Array([maskCrc(crc32c(typed))]).buffer));
}

function encodeFooter(metaIndex: Uint8Array, index: Uint8Array): Uint8Array {
  const footer = new Uint8Array(FOOTER_BYTES);
  footer.set(concatBytes(metaIndex, index));
  new DataView(footer.buffer).setBigUint64(FOOTER_BYTES - 8, FOOTER_MAGIC, true);
  return footer;
}
