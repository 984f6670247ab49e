import assert from "node:assert/strict";
import { test } from "node:test";

import { concatBytes, crc32c, encodeUtf8, maskCrc } from "@sealserve/core";
import fc from "fast-check";

import { parseTable } from "../src/bundle/table-reader.ts";
import { encodeTable } from "../src/bundle/table-writer.ts";
import { encodeVarint } from "../src/bundle/varint.ts";
import { ModelError } from "../src/errors.ts";
import { modelError } from "./fixtures/errors.ts";
import { compressSnappy } from "./fixtures/snappy.ts";

const FOOTER_BYTES = 48;
const entries = [
  { key: "", value: encodeUtf8("header") },
  { key: "dense/bias", value: encodeUtf8("one") },
  { key: "dense/kernel", value: encodeUtf8("two") },
];
const table = encodeTable(entries);

/** A table of one data block with the given content, whatever it is. */
function tableOfBlock(block: Uint8Array, compression: number): Uint8Array {
  const typed = concatBytes(block, Uint8Array.of(compression));
  const sealed = concatBytes(typed, new Uint8Array(Uint32Array.of(maskCrc(crc32c(typed))).buffer));
  const value = Uint8Array.from([...encodeVarint(0), ...encodeVarint(block.length)]);
  const index = encodeTable([{ key: "zzz", value }]);
  const indexBlock = blockWith("zzz", value);
  const indexTyped = concatBytes(indexBlock, Uint8Array.of(0));
  const indexSealed = concatBytes(indexTyped, new Uint8Array(Uint32Array.of(maskCrc(crc32c(indexTyped))).buffer));
  const footer = index.slice(-FOOTER_BYTES);
  const handles = [0, 0, sealed.length, indexBlock.length].flatMap(encodeVarint);
  footer.fill(0, 0, 40);
  footer.set(handles);
  return concatBytes(sealed, indexSealed, footer);
}

function blockWith(key: string, value: Uint8Array, shared = 0): Uint8Array {
  const head = Uint8Array.from([shared, key.length, value.length]);
  return concatBytes(head, encodeUtf8(key), value, new Uint8Array(Uint32Array.of(0, 1).buffer));
}

test("the reader gives what the writer was given", () => {
  assert.deepEqual(parseTable(table), entries);
  const names = fc.uniqueArray(fc.string({ unit: "binary-ascii", maxLength: 12 }), { maxLength: 60 });
  fc.assert(
    fc.property(names, (keys) => {
      const rows = keys.sort((a, b) => (a < b ? -1 : 1)).map((key) => ({ key, value: encodeUtf8(`value of ${key}`) }));
      assert.deepEqual(parseTable(encodeTable(rows)), rows);
    }),
    { numRuns: 100 },
  );
});

test("a Snappy-compressed block is read", () => {
  const block = blockWith("dense/kernel", encodeUtf8("abcabcabcabcabcabc"));
  const [entry] = parseTable(tableOfBlock(compressSnappy(block), 1));
  assert.deepEqual(entry, { key: "dense/kernel", value: encodeUtf8("abcabcabcabcabcabc") });
});

test("a flipped bit anywhere in the data block or the index block is refused", () => {
  const metaIndexBytes = 8 + 5;
  const footerAt = table.length - FOOTER_BYTES;
  const dataEnd = parseDataEnd();
  for (let offset = 0; offset < footerAt; offset++) {
    if (offset >= dataEnd && offset < dataEnd + metaIndexBytes) {
      continue;
    }
    const damaged = table.slice();
    damaged[offset] = (damaged[offset] ?? 0) ^ 0x10;
    assert.throws(() => parseTable(damaged), modelError("checksum-mismatch"), `offset ${offset}`);
  }
});

/** The first handle of the footer is that of the meta-index, which follows the data block. */
function parseDataEnd(): number {
  const [first = 0, second = 0] = table.subarray(-FOOTER_BYTES);
  return first < 0x80 ? first : (first & 0x7f) + second * 0x80;
}

test("damage in the footer never gives other entries", () => {
  for (let offset = table.length - FOOTER_BYTES; offset < table.length; offset++) {
    const damaged = table.slice();
    damaged[offset] = (damaged[offset] ?? 0) ^ 0x01;
    let read: unknown = entries;
    try {
      read = parseTable(damaged);
    } catch (error) {
      assert.ok(error instanceof ModelError, `offset ${offset}`);
    }
    assert.deepEqual(read, entries, `offset ${offset}`);
  }
});

test("a table without its magic, or cut off anywhere, is refused", () => {
  const other = table.slice();
  other.fill(0, -8);
  assert.throws(() => parseTable(other), modelError("bad-checkpoint", /magic/));
  for (let length = 0; length < table.length; length++) {
    assert.throws(() => parseTable(table.subarray(0, length)), ModelError, `length ${length}`);
  }
});

test("an unknown compression is refused", () => {
  assert.throws(() => parseTable(tableOfBlock(blockWith("k", encodeUtf8("v")), 2)), modelError("bad-checkpoint"));
});

test("a row that shares more than there is, or is out of order, is refused", () => {
  assert.throws(
    () => parseTable(tableOfBlock(blockWith("k", encodeUtf8("v"), 5), 0)),
    modelError("bad-checkpoint", /shares/),
  );
  const rows = Uint8Array.from([0, 1, 0, 0x62, 0, 1, 0, 0x61]);
  const disordered = concatBytes(rows, new Uint8Array(Uint32Array.of(0, 1).buffer));
  assert.throws(() => parseTable(tableOfBlock(disordered, 0)), modelError("bad-checkpoint", /order/));
});

test("a block that claims more restart points than it has bytes is refused", () => {
  const block = new Uint8Array(Uint32Array.of(0xffffffff).buffer);
  assert.throws(() => parseTable(tableOfBlock(block, 0)), modelError("bad-checkpoint", /restart/));
});

/** A block of one restart point with rows that share all but the last bytes with the row before. */
function blockOfRows(first: Uint8Array, rows: number, tail: (row: number) => readonly number[]): Uint8Array {
  const head = [0, ...encodeVarint(first.length), 0];
  const next = Array.from({ length: rows }, (_, row) => {
    const unshared = tail(row);
    return [...encodeVarint(first.length - unshared.length), unshared.length, 0, ...unshared];
  });
  return concatBytes(
    Uint8Array.from(head),
    first,
    Uint8Array.from(next.flat()),
    new Uint8Array(Uint32Array.of(0, 1).buffer),
  );
}

test("keys that grow out of short rows are refused: one too long, one again and again, too many altogether", () => {
  const read = (length: number, rows: number, tail: (row: number) => readonly number[]) =>
    parseTable(tableOfBlock(blockOfRows(new Uint8Array(length), rows, tail), 0));
  const counted = (row: number): number[] => [(row + 1) >> 8, (row + 1) & 0xff];
  assert.equal(read(4096, 100, counted).length, 101);
  assert.throws(() => read(4097, 0, counted), modelError("too-large", /4096/));
  assert.throws(() => read(4096, 1000, () => []), modelError("bad-checkpoint", /order/));
  assert.throws(() => read(4096, 20_000, counted), modelError("too-large", /altogether|too many bytes/));
});
