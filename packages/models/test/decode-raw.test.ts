import assert from "node:assert/strict";
import { test } from "node:test";

import type { DataType, Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { typeAttr } from "../src/examples/graph-def.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { floats, int32s } from "./fixtures/tensors.ts";

const stringsOf = (...data: readonly Uint8Array[]): Tensor => ({ dtype: "string", shape: [data.length], data });
const decode = (dtype: DataType, strings: Tensor, littleEndian = true): Tensor =>
  makeKernel("DecodeRaw", ["string"], { out_type: typeAttr(dtype), little_endian: { b: littleEndian } }).run([
    strings,
  ])[0] as Tensor;

test("numbers come back out of their bytes, in either order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 9 }), (values) => {
      const bytes = Buffer.from(Int32Array.from(values).buffer);
      assert.deepEqual(decode("int32", stringsOf(bytes, bytes)), int32s([2, values.length], [...values, ...values]));
      assert.deepEqual(
        decode("int32", stringsOf(Buffer.from(bytes).swap32()), false),
        int32s([1, values.length], values),
      );
    }),
  );
  assert.deepEqual(decode("float32", { ...stringsOf(Buffer.alloc(4)), shape: [] }), floats([1], [0]));
  assert.deepEqual(decode("int16", stringsOf()).shape, [0, 0]);
});

test("strings of several lengths, parts of numbers, and other types are refused", () => {
  const invalid = servingError("INVALID_ARGUMENT", /one length/);
  assert.throws(() => decode("uint8", stringsOf(Buffer.alloc(1), Buffer.alloc(2))), invalid);
  assert.throws(() => decode("int32", stringsOf(Buffer.alloc(6))), invalid);
  assert.throws(() => decode("string", stringsOf()), modelError("unsupported-op", /makes string/));
  assert.throws(() => decode("complex64", stringsOf()), modelError("unsupported-op"));
  assert.throws(
    () => makeKernel("DecodeRaw", ["float32"], { out_type: typeAttr("uint8") }),
    modelError("unsupported-op"),
  );
  const large = Buffer.alloc(2 ** 16);
  const many = stringsOf(...Array.from({ length: 2 ** 12 + 1 }, () => large));
  assert.throws(() => decode("uint8", many), servingError("RESOURCE_EXHAUSTED", /too large/));
});
