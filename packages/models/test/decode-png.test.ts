import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";

import type { AttrValue, Tensor } from "@sealserve/protocol";
import { PNG_SIGNATURE, pngChunk } from "../../../tests/support/png-chunk.ts";
import { typeAttr } from "../src/examples/graph-def.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { patternJpeg } from "./fixtures/jpeg-images.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { bytes, texts } from "./fixtures/tensors.ts";

interface Image {
  readonly width: number;
  readonly height: number;
  readonly depth?: number;
  readonly colourType: number;
  readonly interlace?: number;
  /** Rows with their filter bytes. */
  readonly raw: readonly number[];
  readonly chunks?: readonly (readonly [type: string, data: readonly number[]])[];
}

function png({ width, height, depth = 8, colourType, interlace = 0, raw, chunks = [] }: Image): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlace], 8);
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk("IHDR", header),
    ...chunks.map(([type, data]) => pngChunk(type, Uint8Array.from(data))),
    pngChunk("IDAT", deflateSync(Uint8Array.from(raw))),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

function decode(content: Uint8Array, attributes: Readonly<Record<string, AttrValue>> = {}): Tensor {
  const input: Tensor = { dtype: "string", shape: [], data: [content] };
  return makeKernel("DecodePng", ["string"], attributes).run([input])[0] as Tensor;
}

const channels = (count: number): Readonly<Record<string, AttrValue>> => ({ channels: { i: BigInt(count) } });
const grey = (raw: readonly number[], rest: Partial<Image> = {}) =>
  png({ width: 2, height: 2, colourType: 0, raw, ...rest });
const refused = (reason: RegExp) => servingError("INVALID_ARGUMENT", reason);

test("every filter of rows is undone", () => {
  const rows = [
    [0, 10, 20],
    [1, 10, 10],
    [2, 5, 5],
    [3, 5, 5],
    [4, 1, 1],
  ];
  const image = png({ width: 2, height: 5, colourType: 0, raw: rows.flat() });
  assert.deepEqual(decode(image), bytes([5, 2, 1], [10, 20, 10, 20, 15, 25, 12, 23, 13, 24]));
});

test("DecodeImage gives floats from 0 to 1 where it is asked for them", () => {
  const run = (content: Uint8Array): Tensor =>
    makeKernel("DecodeImage", ["string"], { dtype: typeAttr("float32") }).run([
      { dtype: "string", shape: [], data: [content] },
    ])[0] as Tensor;
  const fractions = [0, 51, 102, 255].map((value) => value / 255);
  const image = grey([0, 0, 51, 0, 102, 255]);
  expectTensor(run(image), { dtype: "float32", shape: [2, 2, 1], data: Float32Array.from(fractions) });
  const photo = patternJpeg([8, 8], [[1, 1]]);
  const whole = makeKernel("DecodeImage", ["string"]).run([{ dtype: "string", shape: [], data: [photo] }])[0] as Tensor;
  const expected = Float32Array.from(whole.data as Uint8Array, (value) => value / 255);
  expectTensor(run(photo), { dtype: "float32", shape: whole.shape, data: expected });
});

test("colours come in the number of channels that is asked for", () => {
  const raw = [0, 100, 150, 200, 128];
  const image = png({ width: 1, height: 1, colourType: 6, raw });
  assert.deepEqual(decode(image), bytes([1, 1, 4], [100, 150, 200, 128]));
  assert.deepEqual(decode(image, channels(3)), bytes([1, 1, 3], [100, 150, 200]));
  assert.deepEqual(decode(image, channels(1)), bytes([1, 1, 1], [Math.trunc(0.299 * 100 + 0.114 * 150 + 0.587 * 200)]));
  const greys = png({ width: 1, height: 1, colourType: 4, raw: [0, 7, 9] });
  assert.deepEqual(decode(greys), bytes([1, 1, 2], [7, 9]));
  assert.deepEqual(decode(greys, channels(4)), bytes([1, 1, 4], [7, 7, 7, 9]));
  assert.deepEqual(
    decode(png({ width: 1, height: 1, colourType: 2, raw: [0, 1, 2, 3] }), channels(4)),
    bytes([1, 1, 4], [1, 2, 3, 255]),
  );
});

test("palettes, transparent colours and depths below and above a byte are read", () => {
  const palette = ["PLTE", [1, 2, 3, 4, 5, 6]] as const;
  const entries = { width: 3, height: 1, depth: 1, colourType: 3, raw: [0, 0b01000000] };
  assert.deepEqual(decode(png({ ...entries, chunks: [palette] })), bytes([1, 3, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3]));
  const withAlpha = png({ ...entries, chunks: [palette, ["tRNS", [9]]] });
  assert.deepEqual(decode(withAlpha), bytes([1, 3, 4], [1, 2, 3, 9, 4, 5, 6, 255, 1, 2, 3, 9]));
  const clear = grey([0, 5, 6, 0, 7, 5], { chunks: [["tRNS", [0, 5]]] });
  assert.deepEqual(decode(clear, channels(4)), bytes([2, 2, 4], [5, 5, 5, 0, 6, 6, 6, 255, 7, 7, 7, 255, 5, 5, 5, 0]));
  assert.deepEqual(
    decode(grey([0, 0b00011011], { width: 4, height: 1, depth: 2 })),
    bytes([1, 4, 1], [0, 85, 170, 255]),
  );
  const deep = grey([0, 0x12, 0x34], { width: 1, height: 1, depth: 16 });
  assert.deepEqual(decode(deep), bytes([1, 1, 1], [0x12]));
  const words = { dtype: typeAttr("uint16") };
  assert.deepEqual([...decode(deep, words).data], [0x1234]);
  assert.deepEqual([...decode(grey([0, 1], { width: 1, height: 1 }), words).data], [257]);
});

test("grey is cut off in bytes, and rounded in pairs of bytes before the lower one is lost", () => {
  const cutOff = png({ width: 1, height: 1, colourType: 2, raw: [0, 1, 1, 2] });
  assert.deepEqual(decode(cutOff, channels(1)), bytes([1, 1, 1], [1]));
  assert.deepEqual([...decode(cutOff, { ...channels(1), dtype: typeAttr("uint16") }).data], [257]);
  const deep = png({ width: 1, height: 1, depth: 16, colourType: 2, raw: [0, 0, 255, 0, 255, 1, 0] });
  assert.deepEqual(decode(deep, channels(1)), bytes([1, 1, 1], [1]));
});

test("an image of very many chunks is refused", () => {
  const empty = Array.from({ length: 70_000 }, () => ["teSt", []] as const);
  assert.throws(() => decode(grey([0, 1, 2, 0, 3, 4], { chunks: empty })), refused(/too many chunks/));
});

test("pixels are converted as long as there is time", () => {
  const input: Tensor = { dtype: "string", shape: [], data: [grey([0, 1, 2, 0, 3, 4])] };
  const kernel = makeKernel("DecodePng", ["string"], channels(3));
  assert.throws(() => kernel.run([input], { expectTime: () => assert.fail("over") }), /over/);
});

test("interlaced images are put together", () => {
  const raw = [0, 1, 0, 2, 0, 3, 4];
  assert.deepEqual(decode(grey(raw, { interlace: 1 })), bytes([2, 2, 1], [1, 2, 3, 4]));
});

test("what is no whole image is refused", () => {
  const whole = grey([0, 1, 2, 0, 3, 4]);
  assert.deepEqual(decode(whole), bytes([2, 2, 1], [1, 2, 3, 4]));
  assert.throws(() => decode(Buffer.from("GIF89a")), refused(/in no format that is decoded/));
  assert.throws(() => decode(whole.subarray(0, whole.length - 5)), refused(/cut off|no end/));
  const damaged = Buffer.from(whole);
  damaged[20] = 9;
  assert.throws(() => decode(damaged), refused(/damaged/));
  assert.throws(() => decode(grey([0, 1, 2, 0, 3])), refused(/fewer than its header says/));
  assert.throws(() => decode(grey([5, 1, 2, 0, 3, 4])), refused(/unknown filter/));
  assert.throws(() => decode(grey([0, 1], { depth: 3 })), refused(/header/));
  assert.throws(() => decode(grey([], { width: 0 })), refused(/header/));
  assert.throws(() => decode(grey([0, 1], { interlace: 2 })), refused(/header/));
  assert.throws(
    () => decode(png({ width: 1, height: 1, colourType: 3, raw: [0, 1], chunks: [["PLTE", [1, 2, 3]]] })),
    refused(/palette lacks/),
  );
  assert.throws(() => makeKernel("DecodePng", ["string"]).run([texts(["a", "b"])]), refused(/one string/));
});

test("a small file does not become a large image", () => {
  const tooLarge = servingError("RESOURCE_EXHAUSTED", /too large/);
  assert.throws(() => decode(grey([0], { width: 2 ** 31 - 1, height: 2 ** 31 - 1 })), tooLarge);
  const bomb = grey(Array.from({ length: 100_000 }, () => 0));
  assert.throws(() => decode(bomb), refused(/more than its header says/));
});

test("an image is not unpacked once the time of its run is over", () => {
  const kernel = makeKernel("DecodePng", ["string"], channels(1));
  const damaged: Tensor = { dtype: "string", shape: [], data: [grey([9])] };
  // It would fail as damaged if it were unpacked.
  assert.throws(() => kernel.run([damaged], { expectTime: () => assert.fail("over") }), /over/);
});

test("other numbers of channels and other types are refused when the model is loaded", () => {
  assert.throws(() => decode(new Uint8Array(), channels(2)), modelError("unsupported-op", /2 channels/));
  assert.throws(() => decode(new Uint8Array(), { dtype: typeAttr("float32") }), modelError("unsupported-op"));
});
