import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { isSpace } from "./change-text.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** Memory that a part takes: an object that points to its bytes, which are not copied, and two numbers. */
const PART_BYTES = 128;

/** A half-open range of a string's bytes. */
type Range = readonly [start: number, end: number];

/** StringSplit: every byte of the delimiter separates; without one, every byte is a string of its own. */
export const splitByCharacters: MakeKernel = (operation) => {
  const skipEmpty = operation.flag("skip_empty", true);
  return splitter(operation, (string, delimiter) => {
    const separators = new Set(delimiter);
    const ranges = separators.size === 0 ? bytesOf(string) : rangesBetween(string, (byte) => separators.has(byte));
    return skipEmpty ? filled(ranges) : ranges;
  });
};

/**
 * StringSplitV2: the whole separator separates; without one, runs of white space do, and the ends are stripped. Of a limited number
 * of separations, what is behind the last one stays as it is.
 */
export const splitByText: MakeKernel = (operation) => {
  const most = operation.integer("maxsplit", -1);
  return splitter(operation, (string, separator) => {
    if (most === 0) {
      return [[0, string.length]];
    }
    if (separator.length === 0) {
      const words = filled(rangesBetween(string, isSpace));
      return most < 0 ? words : limitedWords(string, words, most);
    }
    const parts = rangesBetweenTexts(string, Buffer.from(separator));
    return most < 0 ? parts : limitedParts(string, parts, most);
  });
};

/** So many parts, and one of all that is behind them. */
function* limitedParts(string: Uint8Array, parts: Iterable<Range>, most: number): Generator<Range, void> {
  let count = 0;
  for (const [start, end] of parts) {
    if (count === most) {
      yield [start, string.length];
      return;
    }
    count++;
    yield [start, end];
  }
}

/** So many words, and what is behind them and the space that follows, which may be nothing, as in TensorFlow. */
function* limitedWords(string: Uint8Array, words: Iterable<Range>, most: number): Generator<Range, void> {
  let count = 0;
  for (const word of words) {
    yield word;
    count++;
    if (count === most) {
      const rest = string.findIndex((byte, place) => place >= word[1] && !isSpace(byte));
      yield [rest < 0 ? string.length : rest, string.length];
      return;
    }
  }
}

/** An operation that gives the parts of a vector of strings as a sparse matrix, a row for each string. */
function splitter(
  operation: Parameters<MakeKernel>[0],
  split: (string: Uint8Array, separator: Uint8Array) => Iterable<Range>,
): Kernel {
  expectStrings(operation, [0, 1]);
  return {
    outputs: ["int64", "string", "int64"],
    run: ([input, separator]) => {
      const [text, ...others] = stringsOf(separator);
      if (input?.shape.length !== 1 || text === undefined || others.length > 0) {
        throw invalidArgument("strings are split as a vector, by one separator");
      }
      const strings = stringsOf(input);
      const budget = new OutputBudget();
      return sparseRows(strings.map((string) => takeParts(string, split(string, text), budget)));
    },
  };
}

/** Each part is counted before the next one is looked for: a string may have as many as bytes. @throws ServingError `RESOURCE_EXHAUSTED` */
function takeParts(string: Uint8Array, ranges: Iterable<Range>, budget: OutputBudget): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const [start, end] of ranges) {
    budget.takeBytes(PART_BYTES);
    parts.push(string.subarray(start, end));
  }
  return parts;
}

function sparseRows(rows: readonly (readonly Uint8Array[])[]): Tensor[] {
  const values = rows.flat();
  const width = rows.reduce((widest, { length }) => Math.max(widest, length), 0);
  const indices = new BigInt64Array(values.length * 2);
  let at = 0;
  for (const [number, { length }] of rows.entries()) {
    for (let column = 0; column < length; column++) {
      indices[at++] = BigInt(number);
      indices[at++] = BigInt(column);
    }
  }
  return [
    { dtype: "int64", shape: [values.length, 2], data: indices },
    { dtype: "string", shape: [values.length], data: values },
    { dtype: "int64", shape: [2], data: BigInt64Array.of(BigInt(rows.length), BigInt(width)) },
  ];
}

function* bytesOf(string: Uint8Array): Generator<Range, void> {
  for (let index = 0; index < string.length; index++) {
    yield [index, index + 1];
  }
}

function* filled(ranges: Iterable<Range>): Generator<Range, void> {
  for (const range of ranges) {
    if (range[1] > range[0]) {
      yield range;
    }
  }
}

function* rangesBetween(string: Uint8Array, separates: (byte: number) => boolean): Generator<Range, void> {
  let start = 0;
  for (let index = 0; index < string.length; index++) {
    if (separates(string[index] as number)) {
      yield [start, index];
      start = index + 1;
    }
  }
  yield [start, string.length];
}

function* rangesBetweenTexts(string: Uint8Array, separator: Buffer): Generator<Range, void> {
  const searched = Buffer.from(string.buffer, string.byteOffset, string.length);
  let start = 0;
  for (let found = searched.indexOf(separator); found >= 0; found = searched.indexOf(separator, start)) {
    yield [start, found];
    start = found + separator.length;
  }
  yield [start, string.length];
}
