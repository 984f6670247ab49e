import assert from "node:assert/strict";
import { test } from "node:test";
import { CoreError } from "@sealserve/core";
import * as fc from "fast-check";

import { encodedStrings } from "../../src/libtensorflow/encoded-strings.ts";
import { inlineStrings } from "../../src/libtensorflow/inline-strings.ts";
import type { StringMemory } from "../../src/libtensorflow/string-layout.ts";

const ADDRESS = 0x7000_0000n;

/** Memory of a library: bytes at an address, and others elsewhere. */
function memoryOf(bytes: Uint8Array, elsewhere: ReadonlyMap<bigint, Uint8Array> = new Map()): StringMemory {
  return {
    bytes,
    address: ADDRESS,
    read: (address, length) => {
      const other = elsewhere.get(address);
      const start = Number(address - ADDRESS);
      const found = other?.subarray(0, length) ?? bytes.subarray(start, start + length);
      assert.equal(found.length, length, `${length} bytes at ${address}`);
      return found.slice();
    },
  };
}

const text = (...parts: readonly string[]): Uint8Array[] => parts.map((part) => new TextEncoder().encode(part));
const strings = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });

for (const [name, layout] of Object.entries({ encodedStrings, inlineStrings })) {
  test(`${name} give back what they were given`, () => {
    fc.assert(
      fc.property(strings, (given) => {
        assert.deepEqual(layout.unpack(memoryOf(layout.pack(given)), given.length), given);
      }),
    );
  });
}

test("before TensorFlow 2.4: offsets behind the table, each string after its length", () => {
  const packed = encodedStrings.pack([...text("ab", ""), new Uint8Array(200)]);
  assert.equal(Buffer.from(packed.subarray(0, 24)).toString("hex"), "000000000000000003000000000000000400000000000000");
  assert.equal(Buffer.from(packed.subarray(24, 30)).toString("hex"), "02616200c801");
  assert.equal(packed.length, 24 + 3 + 1 + 2 + 200);
});

test("before TensorFlow 2.4: an offset or a length that leads out of the tensor is refused", () => {
  const packed = encodedStrings.pack(text("abc"));
  for (const [at, value] of [
    [0, 4],
    [0, 0xff],
    [8, 9],
  ] as const) {
    const broken = packed.slice();
    broken[at] = value;
    assert.throws(() => encodedStrings.unpack(memoryOf(broken), 1), CoreError);
  }
  assert.throws(() => encodedStrings.unpack(memoryOf(new Uint8Array(7)), 1), CoreError);
});

test("from TensorFlow 2.4 on: up to 22 bytes stand in the structure, more behind all structures", () => {
  const [short, long] = [new Uint8Array(22).fill(0x61), new Uint8Array(23).fill(0x62)];
  const packed = inlineStrings.pack([short, long]);
  assert.equal(packed.length, 2 * 24 + 23);
  assert.equal(packed[0], 22 << 2);
  assert.deepEqual(packed.subarray(1, 23), short);
  assert.equal(packed[23], 0, "the end of a C string");
  // Length and form, and the distance from this structure.
  assert.equal(
    Buffer.from(packed.subarray(24, 32)).toString("hex"),
    `${Buffer.from([(23 << 2) | 2]).toString("hex")}00000018000000`,
  );
  assert.deepEqual(packed.subarray(48), long);
});

test("from TensorFlow 2.4 on: strings that the library allocated, and views of others, are read at their addresses", () => {
  const [large, view] = [new Uint8Array(1000).fill(1), new Uint8Array(70_000).fill(2)];
  const structures = new Uint8Array(48);
  const words = new DataView(structures.buffer);
  // Length and form, capacity, address.
  words.setBigUint64(0, (1000n << 2n) | 1n, true);
  words.setBigUint64(8, 1007n, true);
  words.setBigUint64(16, 0x1234n, true);
  // Length and form, address, owner.
  words.setBigUint64(24, (70_000n << 2n) | 3n, true);
  words.setBigUint64(32, 0x5678n, true);
  const elsewhere = new Map([
    [0x1234n, large],
    [0x5678n, view],
  ]);
  assert.deepEqual(inlineStrings.unpack(memoryOf(structures, elsewhere), 2), [large, view]);
});
