import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";

import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, texts } from "./fixtures/tensors.ts";

const run = (op: string, input: Tensor, attributes: Readonly<Record<string, AttrValue>> = {}): Tensor =>
  makeKernel(op, [input.dtype], attributes).run([input])[0] as Tensor;
const plain = {
  dtype: "string",
  shape: [3],
  data: [[0xfb, 0xff], [], [1, 2, 3]].map((string) => Uint8Array.from(string)),
} as const;

test("base64 in the alphabet for addresses, with and without padding", () => {
  assert.deepEqual(run("EncodeBase64", plain), texts(["-_8", "", "AQID"]));
  const padded = run("EncodeBase64", plain, { pad: { b: true } });
  assert.deepEqual(padded, texts(["-_8=", "", "AQID"]));
  for (const text of [padded, texts(["-_8", "", "AQID"])]) {
    assert.deepEqual(run("DecodeBase64", text), plain);
  }
});

test("what is no base64 is refused", () => {
  for (const text of ["+/8=", "A", "AB=", "A===", "AB=C", "AQID\n", "é"]) {
    assert.throws(
      () => run("DecodeBase64", texts([text])),
      servingError("INVALID_ARGUMENT", /Invalid character/),
      JSON.stringify(text),
    );
  }
  assert.throws(() => run("DecodeBase64", floats([1])), modelError("unsupported-op"));
});

test("DecodeBase64 takes what is as long as an image", () => {
  const long = "abcd".repeat(2 ** 21);
  const decoded = (text: string) => run("DecodeBase64", texts([text])).data[0];
  assert.equal((decoded(`${long}ab==`) as Uint8Array).length, 3 * 2 ** 21 + 1);
  assert.throws(() => decoded(`${long}+`), servingError("INVALID_ARGUMENT", /Invalid character/));
});
