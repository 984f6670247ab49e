import assert from "node:assert/strict";
import { test } from "node:test";

import { sipHash } from "../src/interpreter/strings/sip-hash.ts";
import { modelError } from "./fixtures/errors.ts";
import { listAttr, makeKernel } from "./fixtures/kernel.ts";
import { int64s, texts } from "./fixtures/tensors.ts";

const keyAttr = (key: readonly bigint[]) => listAttr({ i: BigInt64Array.from(key) });
const upTo = (length: number) => Uint8Array.from({ length }, (_, index) => index);

test("SipHash-2-4 gives the values of its paper and of its reference vectors", () => {
  const key = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n] as const;
  assert.equal(sipHash(key, upTo(15)), 0xa129ca6149be45e5n);
  assert.equal(sipHash(key, upTo(0)), 0x726fdb47dd0e0e31n);
  assert.equal(sipHash(key, upTo(8)), 0x93f5f5799a932462n);
});

test("StringToHashBucketStrong gives TensorFlow's hashes", () => {
  const hashes = ["a", "b", "c"].map((text) => sipHash([98765n, 132n], Buffer.from(text)));
  assert.deepEqual(hashes, [7157389809176466784n, 15805638358933211562n, 18100027895074076528n]);
  const attributes = { num_buckets: { i: 10n }, key: keyAttr([98765n, 132n]) };
  const [buckets] = makeKernel("StringToHashBucketStrong", ["string"], attributes).run([texts(["a", "b", "c"])]);
  assert.deepEqual(buckets, int64s([3], [4, 2, 8]));
});

test("a key of another form and no buckets are refused when the model is read", () => {
  const make = (key: readonly bigint[], buckets: bigint) =>
    makeKernel("StringToHashBucketStrong", ["string"], { num_buckets: { i: buckets }, key: keyAttr(key) });
  assert.throws(() => make([1n], 3n), modelError("unsupported-op", /key is not of two numbers/));
  assert.throws(() => make([1n, 2n, 3n], 3n), modelError("unsupported-op", /key/));
  assert.throws(() => make([1n, 2n], 0n), modelError("unsupported-op", /0 buckets/));
});

test("hashing asks the clock", () => {
  const attributes = { num_buckets: { i: 10n }, key: keyAttr([1n, 2n]) };
  const late = () => {
    throw new Error("late");
  };
  const kernel = makeKernel("StringToHashBucketStrong", ["string"], attributes);
  assert.throws(() => kernel.run([texts(["a"])], { expectTime: late }), /late/);
});

for (const op of ["StringToHashBucketStrong", "StringToHashBucketFast"]) {
  test(`${op} asks the clock within one long string`, () => {
    const attributes = { num_buckets: { i: 10n }, key: keyAttr([1n, 2n]) };
    let asked = 0;
    const kernel = makeKernel(op, ["string"], attributes);
    kernel.run([texts(["a".repeat(2 ** 19)])], { expectTime: () => asked++ });
    assert.ok(asked > 2, `the clock was asked ${asked} times`);
  });
}
