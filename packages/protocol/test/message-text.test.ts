import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeUtf8 } from "@sealserve/core";
import fc from "fast-check";
import { BatchingParameters } from "../src/messages/batching-parameters.ts";
import { enumeration } from "../src/protobuf/enumeration.ts";
import { encoded } from "../src/protobuf/field.ts";
import { numbers, repeated } from "../src/protobuf/list-field.ts";
import { map } from "../src/protobuf/map-field.ts";
import { message } from "../src/protobuf/message.ts";
import { field, oneof, optional, wrapped } from "../src/protobuf/single-field.ts";
import { decodeMessageText } from "../src/text-format/decode-message.ts";

const Colour = enumeration("test.Colour", { RED: 0, GREEN: 7 });
const Inner = message("test.Inner", { name: field(1, "string") });
const Everything = message("test.Everything", {
  flag: field(1, "bool"),
  int32: field(2, "int32"),
  uint32: field(3, "uint32"),
  int64: field(4, "int64"),
  uint64: field(5, "uint64"),
  double: field(6, "double"),
  float: field(7, "float"),
  text: field(8, "string"),
  raw: field(9, "bytes"),
  colour: field(10, Colour),
  inner: field(11, Inner),
  inners: repeated(12, Inner),
  floats: numbers(13, "float"),
  longs: repeated(14, "int64"),
  labels: map(15, "string", "int64"),
  byNumber: map(16, "int32", Inner),
  wrappedText: wrapped(17, "string"),
  left: oneof("side", 18, "string"),
  right: oneof("side", 19, Inner),
  late: optional(20, "int32"),
  kept: field(21, encoded(Inner)),
});

const decode = (text: string) => decodeMessageText(Everything, text);

function refuses(text: string, problem: RegExp): void {
  assert.throws(() => decode(text), { name: "ProtocolError", code: "bad-text-format", message: problem });
}

describe("messages in text format", () => {
  it("reads every kind of field", () => {
    const text = `
      flag: True int32: -0x10 uint32: 4294967295, int64: - 9223372036854775808; uint64: 0777
      double: -2.5e3 float: 1.5f text: "a" 'b' raw: "\\377" colour: GREEN
      inner { name: "i" } inners: [ { name: "1" }, < name: "2" > ] inners {} floats: [1, inf] floats: 3
      longs: 4 longs: [5, 6] labels { key: "stable" value: 42 } labels: { value: 43 key: "canary" } labels { key: "zero" }
      by_number { key: 3 value { name: "three" } } wrapped_text { value: "w" } right { name: "r" } late: 0
      kept { name: "k" }`;
    assert.deepEqual(decode(text), {
      flag: true,
      int32: -16,
      uint32: 4294967295,
      int64: -(2n ** 63n),
      uint64: 511n,
      double: -2500,
      float: 1.5,
      text: "ab",
      raw: Uint8Array.of(255),
      colour: 7,
      inner: { name: "i" },
      inners: [{ name: "1" }, { name: "2" }, { name: "" }],
      floats: Float32Array.of(1, Number.POSITIVE_INFINITY, 3),
      longs: [4n, 5n, 6n],
      labels: new Map([
        ["stable", 42n],
        ["canary", 43n],
        ["zero", 0n],
      ]),
      byNumber: new Map([[3, { name: "three" }]]),
      wrappedText: "w",
      right: { name: "r" },
      late: 0,
      kept: Inner.encode({ name: "k" }),
    });
    assert.deepEqual(decode(""), Everything.create());
    assert.equal(decode("wrapped_text {}").wrappedText, "", "an empty wrapper is present");
    assert.equal(decode("colour: 9").colour, 9);
  });

  it("reads back any 64-bit number in decimal and hexadecimal", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        assert.equal(decode(`uint64: ${value}`).uint64, value);
        assert.equal(decode(`uint64: 0x${value.toString(16)}`).uint64, value);
        assert.equal(decode(`uint64: 0${value.toString(8)}`).uint64, value);
      }),
    );
  });

  it("reads batching parameters as TensorFlow Serving's guide writes them", () => {
    const text = `max_batch_size { value: 128 }
      batch_timeout_micros { value: 0 }
      max_enqueued_batches { value: 1000000 }
      num_batch_threads { value: 8 }
      thread_pool_name { value: "pool" }
      allowed_batch_sizes: 8
      allowed_batch_sizes: 128
      enable_large_batch_splitting { value: false }`;
    assert.deepEqual(decodeMessageText(BatchingParameters, text), {
      maxBatchSize: 128n,
      batchTimeoutMicros: 0n,
      maxEnqueuedBatches: 1000000n,
      numBatchThreads: 8n,
      threadPoolName: "pool",
      allowedBatchSizes: [8n, 128n],
      padVariableLengthInputs: false,
      enableLargeBatchSplitting: false,
    });
    assert.throws(() => decodeMessageText(BatchingParameters, "max_batch_size: 128"), /line 1: expected a message/);
  });

  for (const [what, text, problem] of [
    ["an unknown field", "\nfloat: 1\nflaot: 1", /^line 3: test\.Everything has no field of this name/],
    ["a field by its name in the code", "byNumber { key: 1 }", /no field/],
    ["a name of every object", "labels { constructor: 1 }", /line 1: expected key and value/],
    ["a single field twice", "int32: 1 int32: 1", /int32 is given again/],
    ["a list for a single field", "int32: [1, 2]", /int32 is given again/],
    ["two members of a oneof", "left: 'l' right { }", /another member of oneof side/],
    ["a message for a scalar", "int32 { }", /expected a number/],
    ["a scalar for a message", "inner: 1", /expected a message in braces/],
    ["a string for a number", "int32: '1'", /expected a number/],
    ["a number for a string", "text: 1", /expected a quoted string/],
    ["a fraction for a whole number", "int32: 1.5", /expected a whole number/],
    ["a number with a letter", "int32: 1x", /expected a whole number/],
    ["an octal number with an 8", "int32: 08", /expected a whole number/],
    ["a number beyond its type", "int32: 2147483648", /beyond int32/],
    ["a negative unsigned number", "uint32: -1", /beyond uint32/],
    ["a number beyond 64 bits", "uint64: 18446744073709551616", /beyond uint64/],
    ["a number that never ends", `uint64: ${"9".repeat(100000)}`, /expected a whole number/],
    ["a number for a boolean", "flag: 2", /expected true or false/],
    ["a word for a float", "float: one", /expected a number/],
    ["an unknown name of an enumeration", "colour: BLUE", /expected a value of test\.Colour/],
    ["an inherited name of an enumeration", "colour: toString", /expected a value of test\.Colour/],
    ["a string that is not UTF-8", "text: '\\xff'", /not UTF-8/],
    ["a second key", "labels { key: 'a' key: 'b' }", /each at most once/],
    ["another field in a wrapper", "wrapped_text { values: 'w' }", /expected value/],
  ] as const) {
    it(`refuses ${what}`, () => refuses(text, problem));
  }

  it("never quotes a value", () => {
    for (const text of ["int32: SECRET", "int32: 'SECRET'", "flag: SECRET", "colour: SECRET", "inner: SECRET"]) {
      assert.throws(
        () => decode(text),
        (error: Error) => !error.message.includes("SECRET"),
      );
    }
    assert.deepEqual(decode("raw: 'é'").raw, encodeUtf8("é"));
  });
});
