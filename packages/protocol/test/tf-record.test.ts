import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeTfRecords } from "../../../tests/support/tf-record.ts";
import { readTfRecords } from "../src/tf-record/read.ts";

const damaged = (message: RegExp) => ({ name: "ServingError", code: "DATA_LOSS", message });
const records = [Buffer.from("first"), Buffer.from(""), Buffer.from("third record")];
const file = encodeTfRecords(records);

test("gives the records in order, also from a view", () => {
  const text = (bytes: Uint8Array): string[] =>
    Array.from(readTfRecords(bytes), (record) => Buffer.from(record).toString());
  const expected = ["first", "", "third record"];
  assert.deepEqual(text(file), expected);
  assert.deepEqual(text(Buffer.concat([Buffer.from("xyz"), file]).subarray(3)), expected);
  assert.deepEqual(text(new Uint8Array()), []);
});

test("a file that is cut off anywhere but between two records is refused", () => {
  const ends = new Set([0, 21, 37, file.length]);
  for (let length = 0; length <= file.length; length++) {
    const read = (): unknown => [...readTfRecords(file.subarray(0, length))];
    if (ends.has(length)) {
      read();
    } else {
      assert.throws(read, damaged(/^truncated record at (0|21|37)$/), `${length}`);
    }
  }
});

test("a changed byte anywhere is found, and a huge length reserves nothing", () => {
  for (let place = 0; place < file.length; place++) {
    const changed = Uint8Array.from(file);
    changed[place] = (changed[place] ?? 0) ^ 0x40;
    assert.throws(() => [...readTfRecords(changed)], damaged(/^corrupted record at/), `${place}`);
  }
  const huge = encodeTfRecords([]);
  const length = Buffer.alloc(8, 0xff);
  const header = Buffer.from(encodeTfRecords([length])).subarray(12);
  assert.throws(() => [...readTfRecords(Buffer.concat([huge, header]))], damaged(/^truncated record at 0$/));
});
