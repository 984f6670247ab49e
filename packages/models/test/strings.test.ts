import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { textAttr } from "./fixtures/operation-case.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

type Attributes = Readonly<Record<string, AttrValue>>;

function run(op: string, inputs: readonly Tensor[], attributes: Attributes = {}): readonly Tensor[] {
  return makeKernel(op, inputs, attributes).run(inputs);
}

const scalar = (value: string): Tensor => ({ ...texts([value]), shape: [] });
const grid: Tensor = { ...texts(["a", "b", "c", "d"]), shape: [2, 2] };
const textsOf = (tensor: Tensor | undefined): string[] =>
  ((tensor?.data ?? []) as readonly Uint8Array[]).map((string) => new TextDecoder().decode(string));

/** Characters that separators, white space and text are made of. */
const characters = fc.string({ unit: fc.constantFrom("a", "b", ",", " ", "\t", "é"), maxLength: 12 });

test("letters of ASCII change their case, and nothing else does", () => {
  assert.deepEqual(run("StringLower", [texts(["ABZ[é", ""])]), [texts(["abz[é", ""])]);
  assert.deepEqual(run("StringUpper", [texts(["abz{É"])]), [texts(["ABZ{É"])]);
  assert.throws(
    () => makeKernel("StringLower", ["string"], { encoding: textAttr("utf-16") }),
    modelError("unsupported-op", /utf-16/),
  );
  assert.throws(() => makeKernel("StringLower", ["float32"]), modelError("unsupported-op", /input 0 is float32/));
});

test("white space is stripped from both ends", () => {
  fc.assert(
    fc.property(characters, (text) => {
      assert.deepEqual(run("StringStrip", [texts([text])]), [texts([text.trim()])]);
    }),
  );
});

test("strings are joined element by element, and a scalar to each of them", () => {
  const separator = { separator: textAttr("-") };
  assert.deepEqual(run("StringJoin", [texts(["a", "b"]), scalar("x")], separator), [texts(["a-x", "b-x"])]);
  assert.deepEqual(run("StringJoin", [scalar("a"), scalar("b")]), [scalar("ab")]);
  assert.deepEqual(run("StringJoin", [texts([]), scalar("b")]), [texts([])]);
  assert.throws(
    () => run("StringJoin", [texts(["a"]), texts(["b", "c"])]),
    servingError("INVALID_ARGUMENT", "Input shapes do not match: [1] vs. [2]"),
  );
});

test("parts are counted while they are found", () => {
  const commas = texts([",".repeat(2 ** 22)]);
  assert.throws(() => run("StringSplitV2", [commas, scalar(",")]), servingError("RESOURCE_EXHAUSTED", /too large/));
  assert.throws(() => run("StringSplit", [commas, scalar("")]), servingError("RESOURCE_EXHAUSTED", /too large/));
  assert.deepEqual(
    run("StringSplit", [commas, scalar(",")])[2],
    int64s([2], [1, 0]),
    "empty parts that are left out cost nothing",
  );
});

test("a join over a large dimension of an empty tensor is refused before its places are made", () => {
  for (const shape of [
    [2 ** 30, 0],
    [0, 2 ** 30],
  ]) {
    assert.throws(
      () => run("ReduceJoin", [{ dtype: "string", shape, data: [] }, int32s([1], [1])]),
      servingError("RESOURCE_EXHAUSTED", /too large/),
    );
  }
});

test("a join that would explode is refused before it is made", () => {
  const long = scalar("x".repeat(2 ** 20));
  const many = texts(Array.from({ length: 300 }, () => ""));
  assert.throws(() => run("StringJoin", [many, long]), servingError("RESOURCE_EXHAUSTED", /too large/));
});

test("ReduceJoin joins along axes, of which the first varies fastest", () => {
  assert.deepEqual(run("ReduceJoin", [grid, int32s([], [0])]), [texts(["ac", "bd"])]);
  assert.deepEqual(run("ReduceJoin", [grid, int32s([], [-1])], { separator: textAttr(".") }), [texts(["a.b", "c.d"])]);
  assert.deepEqual(run("ReduceJoin", [grid, int32s([2], [0, 1])]), [scalar("acbd")]);
  assert.deepEqual(run("ReduceJoin", [grid, int32s([2], [1, 0])]), [scalar("abcd")]);
  assert.deepEqual(run("ReduceJoin", [grid, int32s([0], [])]), [grid]);
  assert.deepEqual(run("ReduceJoin", [grid, int32s([1], [0])], { keep_dims: { b: true } }), [
    { ...texts(["ac", "bd"]), shape: [1, 2] },
  ]);
  for (const axes of [int32s([1], [2]), int32s([1], [-3]), int32s([2], [0, -2]), int32s([3], [0, 1, 0])]) {
    assert.throws(() => run("ReduceJoin", [grid, axes]), servingError("INVALID_ARGUMENT", /^Invalid reduction/));
  }
});

test("StringSplit separates at every byte of the delimiter", () => {
  const [indices, values, shape] = run("StringSplit", [texts(["a, b", "", "c"]), scalar(", ")]);
  assert.deepEqual(indices, int64s([3, 2], [0, 0, 0, 1, 2, 0]));
  assert.deepEqual(textsOf(values), ["a", "b", "c"]);
  assert.deepEqual(shape, int64s([2], [3, 2]));
  const [, kept] = run("StringSplit", [texts(["a,,b"]), scalar(",")], { skip_empty: { b: false } });
  assert.deepEqual(textsOf(kept), ["a", "", "b"]);
  const [, bytes] = run("StringSplit", [texts(["ab"]), scalar("")]);
  assert.deepEqual(textsOf(bytes), ["a", "b"]);
});

test("StringSplitV2 separates at the whole separator, or without one at white space", () => {
  fc.assert(
    fc.property(characters, fc.constantFrom(",", ", ", "ab"), (text, separator) => {
      const [, values] = run("StringSplitV2", [texts([text]), scalar(separator)]);
      assert.deepEqual(textsOf(values), text.split(separator));
    }),
  );
  fc.assert(
    fc.property(characters, (text) => {
      const [, values] = run("StringSplitV2", [texts([text]), scalar("")]);
      assert.deepEqual(
        textsOf(values),
        text.split(/[ \t]+/).filter((part) => part !== ""),
      );
    }),
  );
});

test("what cannot be split is refused", () => {
  for (const inputs of [
    [grid, scalar(",")],
    [scalar("a"), scalar(",")],
    [texts(["a"]), texts([])],
    [texts(["a"]), texts([",", ";"])],
  ]) {
    assert.throws(() => run("StringSplitV2", inputs), servingError("INVALID_ARGUMENT", /by one separator/));
  }
  assert.throws(() => makeKernel("StringSplit", [floats([1]), "string"]), modelError("unsupported-op", /is float32/));
});
