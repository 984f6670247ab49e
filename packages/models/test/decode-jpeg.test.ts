import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { type JpegHeader, type JpegScan, jpegFile, jpegSegment, wholeScan } from "../../../tests/support/jpeg-file.ts";
import { typeAttr } from "../src/examples/graph-def.ts";
import type { Clock } from "../src/interpreter/kernel.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { PROGRESSION, patternColours, patternJpeg, QUANTISATION, type Sampling } from "./fixtures/jpeg-images.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { bytes, texts } from "./fixtures/tensors.ts";

const SIZE = [21, 19] as const;
const FULL: readonly Sampling[] = [
  [1, 1],
  [1, 1],
  [1, 1],
];
const HALF: readonly Sampling[] = [
  [2, 2],
  [1, 1],
  [1, 1],
];
const ACCURATE = { dct_method: { s: Buffer.from("INTEGER_ACCURATE") } };
const BOX = { fancy_upscaling: { b: false } };
const channels = (count: number): Readonly<Record<string, AttrValue>> => ({ channels: { i: BigInt(count) } });
const refused = (reason: RegExp) => servingError("INVALID_ARGUMENT", reason);

function decode(
  content: Uint8Array,
  attributes: Readonly<Record<string, AttrValue>> = {},
  { op = "DecodeJpeg", clock }: { readonly op?: string; readonly clock?: Clock } = {},
): Tensor {
  const input: Tensor = { dtype: "string", shape: [], data: [content] };
  return makeKernel(op, ["string"], attributes).run([input], clock)[0] as Tensor;
}

function digest({ data }: Tensor): string {
  return createHash("sha256")
    .update(data as Uint8Array)
    .digest("hex")
    .slice(0, 16);
}

/** Patterns, and digests of the pixels that TensorFlow 2.21 makes of them: as by default, accurately, and by repetition. */
const patterns: readonly [string, Buffer, readonly [string, string, string]][] = [
  ["grey", patternJpeg(SIZE, [[1, 1]]), ["6ab44f88ae4654fa", "d1366d5b592db132", "6ab44f88ae4654fa"]],
  ["full colours", patternJpeg(SIZE, FULL), ["370fdadc2a7514bc", "37df9c25244a431d", "370fdadc2a7514bc"]],
  [
    "colours of half the width",
    patternJpeg(SIZE, [
      [2, 1],
      [1, 1],
      [1, 1],
    ]),
    ["9603842dd4ceaac6", "07af8f33090fa83b", "7f269c5e3a6df0ec"],
  ],
  [
    "colours of half the height",
    patternJpeg(SIZE, [
      [1, 2],
      [1, 1],
      [1, 1],
    ]),
    ["b06b4099e7be3c3b", "624245b80a2ad7b7", "17f3d031ad1ec34d"],
  ],
  ["colours of half of both", patternJpeg(SIZE, HALF), ["61f303f4d157c093", "12135b78ec325e82", "4c4943c33abe770f"]],
  [
    "colours of a quarter of the width",
    patternJpeg(SIZE, [
      [4, 1],
      [1, 1],
      [1, 1],
    ]),
    ["efe14f98d513ad9f", "4cba3c5a63f7a4ed", "efe14f98d513ad9f"],
  ],
  [
    "colours too narrow to be smooth",
    patternJpeg([4, 19], HALF),
    ["4967c241ed3b7b67", "1411f2e0ae6a0a98", "4967c241ed3b7b67"],
  ],
  [
    "colours sampled in different ways",
    patternJpeg(SIZE, [
      [2, 2],
      [2, 1],
      [1, 2],
    ]),
    ["3ed9d8d81055e34c", "222138bb97ca1d66", "bebabd1f07c59f8e"],
  ],
  [
    "red, green and blue",
    patternJpeg(SIZE, FULL, { isJfif: false, adobe: 0 }),
    ["248ab4a6646a80d2", "ecbf1f85694bdf4d", "248ab4a6646a80d2"],
  ],
  [
    "four inks",
    patternJpeg(SIZE, [...FULL, [1, 1]], { isJfif: false }),
    ["a733b4ebbe414a47", "d851a6605954648d", "a733b4ebbe414a47"],
  ],
  [
    "Adobe's four inks",
    patternJpeg(SIZE, [...FULL, [1, 1]], { isJfif: false, adobe: 0 }),
    ["fe1be532061656c9", "b99af6ba254e4762", "fe1be532061656c9"],
  ],
  [
    "black beside colours",
    patternJpeg(SIZE, [...HALF, [2, 2]], { isJfif: false, adobe: 2 }),
    ["85e290e33e2822eb", "93b377ed5b4de1bd", "16c35899659772ab"],
  ],
];
describe("pixels are TensorFlow's to the bit of", () => {
  for (const [what, file, expected] of patterns) {
    test(what, () => {
      assert.deepEqual(
        [{}, ACCURATE, BOX].map((attributes) => digest(decode(file, attributes))),
        expected,
      );
    });
  }

  test("colours made grey, and grey made colours", () => {
    assert.equal(digest(decode(patternJpeg(SIZE, HALF), channels(1))), "b6217da89b669038");
    const rgb = patternJpeg(SIZE, FULL, { isJfif: false, adobe: 0 });
    assert.equal(digest(decode(rgb, channels(1))), "1f7832265604ab28");
    const grey = decode(patternJpeg(SIZE, [[1, 1]]), channels(3));
    assert.deepEqual(grey.shape, [19, 21, 3]);
    assert.equal(digest(grey), "51d43ae889579e8f");
  });
});

test("a block of one brightness has it in each pixel", () => {
  const header = { width: 3, height: 2, quantisation: QUANTISATION };
  const bright = jpegFile(header, [{ id: 1, across: 1, down: 1, blocks: [[80]] }]);
  assert.deepEqual(decode(bright), bytes([2, 3, 1], [158, 158, 158, 158, 158, 158]));
});

test("the same coefficients give the same pixels progressively, with restarts, and in a scan for each colour", () => {
  const header: JpegHeader = { width: 37, height: 21, quantisation: QUANTISATION };
  const progressive = { ...header, isProgressive: true };
  fc.assert(
    fc.property(
      fc.integer(),
      fc.constantFrom<readonly Sampling[]>(FULL, HALF, [
        [1, 2],
        [2, 1],
        [1, 1],
      ]),
      (seed, samplings) => {
        const colours = patternColours(header.width, header.height, samplings, seed);
        const expected = decode(jpegFile(header, colours));
        const apart = [0, 1, 2].map((colour) => ({ ...wholeScan(1), colours: [colour] }));
        for (const same of [
          jpegFile(progressive, colours, PROGRESSION),
          jpegFile({ ...progressive, restartInterval: 2 }, colours, PROGRESSION),
          jpegFile({ ...header, restartInterval: 1 }, colours),
          jpegFile(header, colours, apart),
        ]) {
          assert.deepEqual(decode(same), expected);
        }
      },
    ),
    { numRuns: 20 },
  );
});

describe("what is no whole JPEG file is refused:", () => {
  const file = patternJpeg(SIZE, HALF);
  const header = { width: 21, height: 19, quantisation: QUANTISATION };
  const colours = patternColours(21, 19, HALF);
  const progressive = (scans: readonly JpegScan[]) => jpegFile({ ...header, isProgressive: true }, colours, scans);
  const firstDc: JpegScan = { colours: [0, 1, 2], from: 0, to: 0, high: 0, low: 0 };
  const replace = (marker: number, other: Uint8Array): Buffer => {
    const at = file.indexOf(Buffer.from([0xff, marker]));
    const end = at + 2 + file.readUInt16BE(at + 2);
    return Buffer.concat([file.subarray(0, at), other, file.subarray(end)]);
  };
  const frameWith = (place: number, value: number): Buffer => {
    const at = file.indexOf(Buffer.from([0xff, 0xc0]));
    const changed = Buffer.from(file);
    changed[at + 4 + place] = value;
    return changed;
  };
  const none = new Uint8Array();
  const refusals: readonly [string, Uint8Array, RegExp][] = [
    ["nothing", none, /in no format that is decoded: PNG or JPEG/],
    ["a text", Buffer.from("hello"), /in no format/],
    ["a beginning", file.subarray(0, 4), /it is cut off/],
    ["no end", file.subarray(0, -2), /no end/],
    ["half of the pixels", file.subarray(0, file.length - 200), /cut off/],
    ["12 bits", frameWith(0, 12), /one, three or four colours of 8 bits/],
    ["two colours", frameWith(5, 2), /one, three or four colours/],
    ["no rows", frameWith(2, 0), /does not say how large/],
    ["no columns", frameWith(4, 0), /does not say how large/],
    ["a sampling of 0", frameWith(7, 0x02), /sampling that JPEG does not know/],
    ["a sampling of 5", frameWith(7, 0x52), /sampling that JPEG does not know/],
    ["two thirds of a sampling", replaceSampling(frameWith, 0x32, 0x22), /no part of the largest/],
    ["a table of quantisation that is not there", frameWith(8, 3), /table of quantisation is missing/],
    ["a name twice", frameWith(9, 1), /the same name/],
    ["a name that no scan has", frameWith(9, 9), /a colour that the image has not/],
    ["no header", replace(0xc0, none), /pixels before its header/],
    ["two headers", Buffer.concat([file.subarray(0, -2), segmentOf(file, 0xc0), file.subarray(-2)]), /two frames/],
    ["arithmetic codes", replace(0xc0, jpegSegment(0xc9, [0])), /of a kind that is not read/],
    ["no codes", replace(0xc4, none), /table of codes that is not there/],
    ["codes of which there are too many", replace(0xc4, jpegSegment(0xc4, [0, 3, ...zeros(15), 1, 2, 3])), /too many/],
    ["codes that are cut off", replace(0xc4, jpegSegment(0xc4, [0, 1, ...zeros(15)])), /table of codes is not valid/],
    ["codes of a third kind", replace(0xc4, jpegSegment(0xc4, [0x20, ...zeros(16)])), /table of codes is not valid/],
    ["quantisation that is cut off", replace(0xdb, jpegSegment(0xdb, [0, 1, 2])), /quantisation is not valid/],
    [
      "quantisation in three bytes",
      replace(0xdb, jpegSegment(0xdb, [0x20, ...zeros(192)])),
      /quantisation is not valid/,
    ],
    ["an interval of one byte", replace(0xe0, jpegSegment(0xdd, [1])), /too short/],
    ["a restart that is missing", replace(0xe0, jpegSegment(0xdd, [0, 1])), /restart of its pixels is missing/],
    [
      "no pixels",
      Buffer.concat([file.subarray(0, file.indexOf(Buffer.from([0xff, 0xda]))), file.subarray(-2)]),
      /no pixels/,
    ],
    [
      "a colour without pixels",
      jpegFile(header, colours, [{ ...wholeScan(2), colours: [0, 1] }]),
      /a colour has no pixels/,
    ],
    ["a scan with a colour twice", jpegFile(header, colours, [{ ...wholeScan(2), colours: [1, 1] }]), /a colour twice/],
    [
      "coefficients of two colours together",
      progressive([firstDc, { ...firstDc, from: 1, to: 5 }]),
      /part of the coefficients/,
    ],
    ["the first coefficient with others", progressive([{ ...firstDc, to: 5 }]), /part of the coefficients/],
    [
      "coefficients from behind",
      progressive([firstDc, { ...firstDc, colours: [0], from: 6, to: 5 }]),
      /part of the coeff/,
    ],
    [
      "more than 64 coefficients",
      progressive([firstDc, { ...firstDc, colours: [0], from: 1, to: 64 }]),
      /part of the coeff/,
    ],
    [
      "two bits at once",
      progressive([
        { ...firstDc, low: 2 },
        { ...firstDc, high: 2 },
      ]),
      /part of the coefficients/,
    ],
    ["more scans than images have", progressive(Array.from({ length: 101 }, () => firstDc)), /more than 100 scans/],
  ];
  for (const [what, content, reason] of refusals) {
    test(what, () => {
      assert.throws(() => decode(content), refused(reason));
    });
  }
});

test("scans that bring nothing cannot go over the pixels any number of times", () => {
  const header = { width: 512, height: 512, quantisation: QUANTISATION, isProgressive: true };
  const blocks = Array.from({ length: 64 * 64 }, () => [40]);
  const usual = PROGRESSION.map((scan) => ({ ...scan, colours: [0] }));
  const plain = jpegFile(header, [{ id: 1, across: 1, down: 1, blocks }], usual);
  assert.equal(decode(plain).data.length, 512 * 512);
  // One code for 16,384 blocks in which nothing changes.
  const emptyScan = (to: number) => [...jpegSegment(0xda, [1, 1, 0, 1, to, 0x10]), 0xb0, 0x00, 0x01];
  const withMore = (count: number, to: number): Buffer => {
    const more = Array.from({ length: count }, () => emptyScan(to));
    return Buffer.concat([plain.subarray(0, -2), Buffer.from(more.flat()), plain.subarray(-2)]);
  };
  assert.equal(decode(withMore(1, 63)).data.length, 512 * 512);
  assert.throws(() => decode(withMore(88, 63)), refused(/too often for an image/));
  assert.throws(() => decode(withMore(88, 1)), refused(/too often for an image/));
});

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function segmentOf(file: Buffer, marker: number): Buffer {
  const at = file.indexOf(Buffer.from([0xff, marker]));
  return file.subarray(at, at + 2 + file.readUInt16BE(at + 2));
}

/** Changes the samplings of the first two colours. */
function replaceSampling(frameWith: (place: number, value: number) => Buffer, first: number, second: number): Buffer {
  const changed = frameWith(7, first);
  changed[changed.indexOf(Buffer.from([0xff, 0xc0])) + 4 + 10] = second;
  return changed;
}

test("damaged pixels never bring anything but a refusal or an image", () => {
  const file = patternJpeg(SIZE, HALF);
  fc.assert(
    fc.property(fc.integer({ min: 3, max: file.length - 1 }), fc.nat(255), (at, value) => {
      const changed = Buffer.from(file);
      changed[at] = value;
      try {
        assert.equal(decode(changed).data.length % 3, 0);
      } catch (error) {
        assert.ok(refused(/the JPEG image cannot be decoded/)(error), `byte ${at}`);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a small file does not ask for the memory of a large image, nor for more time than there is", () => {
  const huge = Buffer.from(patternJpeg(SIZE, HALF));
  const at = huge.indexOf(Buffer.from([0xff, 0xc0])) + 5;
  huge.writeUInt16BE(65_500, at);
  huge.writeUInt16BE(65_500, at + 2);
  assert.throws(() => decode(huge), refused(/cut off/));
  assert.throws(
    () => decode(Buffer.concat([huge, Buffer.alloc(2 ** 25)])),
    servingError("RESOURCE_EXHAUSTED", /too large/),
  );
  let asked = 0;
  const clock = {
    expectTime: () => {
      asked += 1;
    },
  };
  decode(patternJpeg(SIZE, HALF), {}, { clock });
  const [rowsOfUnits, rowsOfBlocks, rows] = [2, 4 + 2 + 2, 19];
  assert.equal(asked, rowsOfUnits + rowsOfBlocks + rows);
});

test("each operation takes each format, as in TensorFlow", () => {
  const file = patternJpeg(SIZE, HALF);
  for (const op of ["DecodePng", "DecodeImage"]) {
    assert.equal(digest(decode(file, {}, { op })), "61f303f4d157c093");
    const deep = { dtype: typeAttr("uint16") };
    assert.throws(() => decode(file, deep, { op }), refused(/not decoded to 0 channels of uint16/));
  }
  assert.throws(() => decode(file, channels(4)), refused(/not decoded to 4 channels/));
  const inks = patternJpeg(SIZE, [...FULL, [1, 1]], { isJfif: false });
  assert.throws(() => decode(inks, channels(1)), refused(/four inks, of which there is no grey/));
});

test("several images, and wishes that are not met, are refused", () => {
  assert.throws(() => makeKernel("DecodeJpeg", ["string"]).run([texts(["a", "b"])]), refused(/one string/));
  const unsupported = (attributes: Readonly<Record<string, AttrValue>>, reason: RegExp, op = "DecodeJpeg") =>
    assert.throws(() => makeKernel(op, ["string"], attributes), modelError("unsupported-op", reason));
  unsupported({ ratio: { i: 2n } }, /makes images smaller by 2/);
  unsupported({ dct_method: { s: Buffer.from("FLOAT") } }, /dct_method is "FLOAT"/);
  unsupported(channels(2), /makes 2 channels/);
  unsupported({ dtype: typeAttr("float64") }, /makes float64/, "DecodeImage");
  assert.throws(() => makeKernel("DecodeJpeg", ["float32"]), modelError("unsupported-op", /input 0 is float32/));
});
