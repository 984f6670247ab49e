// What is read of models and by their interpreter: graphs, images and patterns of requests, vocabularies of models.
import { deflateSync } from "node:zlib";
import { decodeJpeg } from "../../packages/models/src/interpreter/images/jpeg/decode-jpeg.ts";
import { readPng } from "../../packages/models/src/interpreter/images/png-chunks.ts";
import { colourReader } from "../../packages/models/src/interpreter/images/png-colours.ts";
import { readSamples } from "../../packages/models/src/interpreter/images/png-samples.ts";
import { OutputBudget } from "../../packages/models/src/interpreter/output-budget.ts";
import { parseNumber } from "../../packages/models/src/interpreter/strings/parse-number.ts";
import {
  compilePattern,
  parseRewrite,
  replaceMatches,
} from "../../packages/models/src/interpreter/strings/regular-expression.ts";
import { readClosedDeclaration } from "../../packages/models/src/libtensorflow/closed-declaration.ts";
import type { FlatNode } from "../../packages/models/src/saved-model/flat-graph.ts";
import { parseTextFile } from "../../packages/models/src/saved-model/table-text.ts";
import { patternJpeg, progressiveJpeg } from "../../packages/models/test/fixtures/jpeg-images.ts";
import { halfPlusTwoWithFunctions, savedModelFiles } from "../../packages/models/test/fixtures/saved-model.ts";
import { PNG_SIGNATURE, pngChunk } from "../support/png-chunk.ts";
import { ofBytes, ofText, type Target } from "./target.ts";

const KIB = 1024;
/** Pixels unfold to a thousand times their bytes, which the budget of the operation bounds. */
const IMAGE_MAX_LENGTH = 8 * KIB;
const FILE_MAX_LENGTH = 64 * KIB;
const PATTERN_MAX_LENGTH = 24;

function image(header: readonly number[], raw: readonly number[]): Uint8Array {
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk("IHDR", Uint8Array.from(header)),
    pngChunk("PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6)),
    pngChunk("IDAT", deflateSync(Uint8Array.from(raw))),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

function readImage(bytes: Uint8Array): unknown {
  const file = readPng(bytes);
  const colourOf = colourReader(file, readSamples(file));
  return [0, file.width * file.height - 1].map(colourOf);
}

const columns: Readonly<Record<string, { readonly i: bigint }>> = { key_index: { i: 0n }, value_index: { i: 1n } };
const table: FlatNode = {
  name: "n",
  op: "InitializeTableFromTextFileV2",
  inputs: [],
  controls: [],
  attribute: (name) => columns[name],
};
const text = Buffer.from("a word, aaa and é");

/** Readers of the interpreter. */
export const MODEL_TARGETS: readonly Target[] = [
  ofBytes({
    name: "readPng",
    read: readImage,
    seeds: [
      image([0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0], [0, 1, 2, 4, 3, 4]),
      image([0, 0, 0, 2, 0, 0, 0, 2, 1, 3, 0, 0, 1], [0, 0x80, 0, 0, 0, 0x40]),
    ],
    maxLength: IMAGE_MAX_LENGTH,
  }),
  ofBytes({
    name: "decodeJpeg",
    read: (bytes) => {
      const limits = { budget: new OutputBudget(), clock: undefined };
      return decodeJpeg(bytes, { ...limits, channels: 0, method: "fast", smooth: true }).data.length;
    },
    seeds: [
      patternJpeg([9, 9], [[1, 1]]),
      patternJpeg(
        [17, 5],
        [
          [2, 2],
          [1, 1],
          [1, 1],
        ],
        { restartInterval: 1 },
      ),
      progressiveJpeg(9, 9),
    ],
    maxLength: IMAGE_MAX_LENGTH,
  }),
  ofBytes({
    name: "readClosedDeclaration",
    read: (bytes) => readClosedDeclaration(new Map([["saved_model.pb", bytes]])),
    seeds: [savedModelFiles(halfPlusTwoWithFunctions()).get("saved_model.pb") ?? new Uint8Array()],
    maxLength: FILE_MAX_LENGTH,
  }),
  ofBytes({
    name: "parseTextFile",
    read: (bytes) => parseTextFile(table, { keys: "string", values: "float32" }, bytes),
    seeds: [Buffer.from("a\t1\r\nb\t-2.5e3\n")],
    maxLength: FILE_MAX_LENGTH,
  }),
  ofText({
    name: "parseNumber",
    read: (spelled) => [parseNumber("float32", spelled), parseNumber("int64", spelled)],
    seeds: ["-12.5e-3", " +70 ", "inf"],
    maxLength: FILE_MAX_LENGTH,
  }),
  ofText({
    name: "compilePattern",
    read: (pattern) => {
      const compiled = compilePattern(Buffer.from(pattern));
      return replaceMatches(text, compiled, parseRewrite(Buffer.from("[\\0]"), compiled), true);
    },
    seeds: ["(a+)*|[^a-z\\s]", "\\bw.{2}d?$", "(?i)A{1,3}"],
    maxLength: PATTERN_MAX_LENGTH,
  }),
];
