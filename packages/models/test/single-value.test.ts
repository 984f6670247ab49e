import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { FeatureValues } from "../src/interpreter/example/feature-values.ts";
import { readByFields } from "../src/interpreter/example/read-features.ts";
import { readSingleValue } from "../src/interpreter/example/single-value.ts";

type Read = FeatureValues | "none" | "refused";

/** What the reader makes of a feature field by field. */
function byFields(feature: Uint8Array): Read {
  try {
    return readByFields(feature) ?? "none";
  } catch {
    return "refused";
  }
}

/** Bits of numbers but of NaN, which turns quiet when it is read as a number. */
function bitsOf(read: Read | undefined): unknown {
  if (typeof read !== "object") {
    return read;
  }
  const { dtype, data } = read;
  if (Array.isArray(data)) {
    return { dtype, data: data.map((value: Uint8Array) => [...value]) };
  }
  const numbers = data as Float32Array | BigInt64Array;
  const hasNaN = numbers instanceof Float32Array && numbers.some(Number.isNaN);
  return { dtype, data: hasNaN ? "NaN" : [...new Uint8Array(numbers.slice().buffer)] };
}

const delimited = (tag: number, bytes: readonly number[]): number[] => [tag, bytes.length, ...bytes];
const listTag = fc.constantFrom(0x0a, 0x12, 0x1a);
const bytes = fc.array(fc.nat(255), { maxLength: 12 });
/** Features as writers write them, and the like of them that are wrong by little. */
const feature = fc.oneof(
  fc.tuple(listTag, bytes).map(([tag, value]) => delimited(tag, delimited(0x0a, value))),
  fc
    .tuple(listTag, fc.constantFrom(0x08, 0x0d, 0x0a), bytes)
    .map(([tag, value, rest]) => delimited(tag, [value, ...rest])),
  fc.tuple(listTag, bytes).map(([tag, rest]) => delimited(tag, rest)),
  bytes,
);

test("a value that is read at once is what reading field by field gives", () => {
  let found = 0;
  const property = fc.property(feature, fc.option(fc.tuple(fc.nat(20), fc.nat(255))), (numbers, change) => {
    const encoded = Uint8Array.from(numbers);
    if (change !== null && change[0] < encoded.length) {
      encoded[change[0]] = change[1];
    }
    const single = readSingleValue(encoded);
    if (single !== undefined) {
      found++;
      assert.deepEqual(bitsOf(single), bitsOf(byFields(encoded)));
    }
  });
  fc.assert(property, { numRuns: 20_000 });
  assert.ok(found > 1000);
});

test("single values of each kind, packed and not, are read at once", () => {
  const cases: readonly [number[], unknown][] = [
    [delimited(0x0a, delimited(0x0a, [1, 2, 3])), { dtype: "string", data: [[1, 2, 3]] }],
    [delimited(0x0a, delimited(0x0a, [])), { dtype: "string", data: [[]] }],
    [delimited(0x12, delimited(0x0a, [1, 0, 0x20, 0x7f])), { dtype: "float32", data: [1, 0, 0x20, 0x7f] }],
    [delimited(0x12, [0x0d, 0, 0, 0x80, 0x3f]), { dtype: "float32", data: [0, 0, 0x80, 0x3f] }],
    [delimited(0x1a, delimited(0x0a, [0xac, 0x02])), { dtype: "int64", data: [0x2c, 1, 0, 0, 0, 0, 0, 0] }],
    [delimited(0x1a, [0x08, 0xff, 0xff, 0xff, 0x7f]), { dtype: "int64", data: [0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0] }],
  ];
  for (const [encoded, expected] of cases) {
    assert.deepEqual(bitsOf(readSingleValue(Uint8Array.from(encoded))), expected);
  }
});

test("what is none, several, long, or cut short is left to be read field by field", () => {
  const others = [
    [],
    [0x0a],
    [0x0a, 0],
    [0x0a, 2, 0x0a],
    delimited(0x0a, [...delimited(0x0a, [1]), ...delimited(0x0a, [2])]),
    delimited(
      0x0a,
      delimited(
        0x0a,
        Array.from({ length: 130 }, () => 7),
      ),
    ),
    delimited(0x12, delimited(0x0a, [0, 0, 0, 0, 0, 0, 0, 0])),
    delimited(0x1a, delimited(0x0a, [])),
    delimited(0x1a, delimited(0x0a, [1, 2])),
    delimited(0x1a, delimited(0x0a, [0x80])),
    delimited(0x1a, delimited(0x0a, [0x80, 0x80, 0x80, 0x80, 0x01])),
    [...delimited(0x1a, delimited(0x0a, [1])), ...delimited(0x1a, delimited(0x0a, [2]))],
    delimited(0x22, delimited(0x0a, [1])),
  ];
  for (const encoded of others) {
    assert.equal(readSingleValue(Uint8Array.from(encoded)), undefined, encoded.join());
  }
});
