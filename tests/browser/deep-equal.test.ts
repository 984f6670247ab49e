import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { isDeepEqual } from "./deep-equal.ts";

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}
class Place extends Point {}

function circle(): object {
  const link: Record<string, unknown> = { name: "circle" };
  link["self"] = { link };
  return link;
}

const symbol = Symbol("key");
/** Each is made twice, so that equal values are never the same object. */
const makeValues = (): unknown[] => [
  undefined,
  null,
  0,
  -0,
  Number.NaN,
  1,
  1n,
  "1",
  "",
  true,
  symbol,
  {},
  Object.create(null),
  { a: 1 },
  { a: 1, b: undefined },
  { a: undefined },
  { b: 1, a: 1 },
  { a: { b: { c: [1, { d: 2n }] } } },
  { a: { b: { c: [1, { d: 3n }] } } },
  { [symbol]: 1 },
  { [symbol]: 2 },
  Object.defineProperty({}, "hidden", { value: 1 }),
  [],
  [undefined],
  Object.assign([], { length: 1 }),
  [1, 2],
  [2, 1],
  [[1], [2]],
  Object.assign([1, 2], { extra: 1 }),
  Object.assign([], { 1: 1 }),
  new Uint8Array(2),
  Uint8Array.of(1, 2),
  Uint8Array.of(0, 1, 2).subarray(1),
  Object.assign(Uint8Array.of(1, 2), { extra: 1 }),
  Uint16Array.of(1, 2),
  Float64Array.of(0),
  Float64Array.of(-0),
  Buffer.of(1, 2),
  Uint8Array.of(1, 2).buffer,
  new DataView(Uint8Array.of(1, 2).buffer),
  new DataView(Uint8Array.of(1, 2, 3).buffer, 0, 2),
  new Date(0),
  new Date(1),
  new Date(Number.NaN),
  /a/,
  /a/g,
  new Error("a"),
  new Error("b"),
  new TypeError("a"),
  new Error("a", { cause: 1 }),
  Object.assign(new Error("a"), { code: "x" }),
  new Map(),
  new Map([["a", 1]]),
  new Map([["a", 2]]),
  new Map([
    ["a", 1],
    ["b", 2],
  ]),
  new Map([
    ["b", 2],
    ["a", 1],
  ]),
  new Map([[{ k: 1 }, { v: 1 }]]),
  new Map([[{ k: 1 }, { v: 2 }]]),
  new Set(),
  new Set([1, 2]),
  new Set([2, 1]),
  new Set(["1", 2]),
  new Set([{ a: 1 }, { a: 2 }]),
  new Set([{ a: 2 }, { a: 1 }]),
  new Set([{ a: 1 }, { a: 1 }]),
  new Point(1),
  new Point(2),
  new Place(1),
  new Number(1),
  new Number(-0),
  new String("1"),
  new Boolean(false),
  Object(1n),
  circle(),
  { ...circle() },
  Promise.resolve(1),
  () => 1,
];

describe("deep equality of the browser run", () => {
  it("says what Node says of every pair", () => {
    for (const left of makeValues()) {
      for (const right of makeValues()) {
        assert.equal(isDeepEqual(left, right), isDeepStrictEqual(left, right), pairOf(left, right));
      }
    }
  });

  it("says what Node says of anything and its copy", () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(fc.clone(anything, 2), anything, ([value, copy], other) => {
        assert.equal(isDeepEqual(value, copy), isDeepStrictEqual(value, copy), pairOf(value, copy));
        assert.equal(isDeepEqual(value, other), isDeepStrictEqual(value, other), pairOf(value, other));
      }),
      { numRuns: 500 },
    );
  });
});

function pairOf(left: unknown, right: unknown): string {
  return `${fc.stringify(left)} and ${fc.stringify(right)}`;
}
