import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { isSpace } from "./change-text.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** A half-open range of a string's bytes. */
type Range = readonly [start: number, end: number];

/** StringSplit: every byte of the delimiter separates; without one, every byte is a string of its own. */
export const splitByCharacters: MakeKernel = (operation) => {
  const skipEmpty = operation.flag("skip_empty", true);
  return splitter(operation, (string, delimiter) => {
    const ranges = delimiter.length === 0 ? bytesOf(string) : rangesBetween(string, (byte) => delimiter.includes(byte));
    return skipEmpty ? ranges.filter(isFilled) : ranges;
  });
};

/** StringSplitV2: the whole separator separates; without one, runs of white space do, and the ends are stripped. */
export const splitByText: MakeKernel = (operation) => {
  if (operation.integer("maxsplit", -1) >= 0) {
    operation.refuse("it limits the number of parts");
  }
  return splitter(operation, (string, separator) =>
    separator.length === 0
      ? rangesBetween(string, isSpace).filter(isFilled)
      : rangesBetweenTexts(string, Buffer.from(separator)),
  );
};

/** An operation that gives the parts of a vector of strings as a sparse matrix, a row for each string. */
function splitter(
  operation: Parameters<MakeKernel>[0],
  split: (string: Uint8Array, separator: Uint8Array) => readonly Range[],
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
      return sparseRows(
        strings,
        strings.map((string) => split(string, text)),
      );
    },
  };
}

/** @throws ServingError `RESOURCE_EXHAUSTED` */
function sparseRows(strings: readonly Uint8Array[], rows: readonly (readonly Range[])[]): Tensor[] {
  const count = rows.reduce((total, { length }) => total + length, 0);
  const width = rows.reduce((widest, { length }) => Math.max(widest, length), 0);
  const budget = new OutputBudget();
  budget.take("int64", count * 2);
  budget.take("string", count);
  const indices = rows.flatMap((row, number) => row.flatMap((_, column) => [BigInt(number), BigInt(column)]));
  const values = rows.flatMap((row, number) =>
    row.map(([start, end]) => (strings[number] as Uint8Array).subarray(start, end)),
  );
  return [
    { dtype: "int64", shape: [count, 2], data: BigInt64Array.from(indices) },
    { dtype: "string", shape: [count], data: values },
    { dtype: "int64", shape: [2], data: BigInt64Array.of(BigInt(rows.length), BigInt(width)) },
  ];
}

function bytesOf(string: Uint8Array): Range[] {
  return Array.from(string, (_, index): Range => [index, index + 1]);
}

function isFilled([start, end]: Range): boolean {
  return end > start;
}

function rangesBetween(string: Uint8Array, separates: (byte: number) => boolean): Range[] {
  const ranges: Range[] = [];
  let start = 0;
  for (const [index, byte] of string.entries()) {
    if (separates(byte)) {
      ranges.push([start, index]);
      start = index + 1;
    }
  }
  return [...ranges, [start, string.length]];
}

function rangesBetweenTexts(string: Uint8Array, separator: Buffer): Range[] {
  const searched = Buffer.from(string.buffer, string.byteOffset, string.length);
  const ranges: Range[] = [];
  let start = 0;
  for (let found = searched.indexOf(separator); found >= 0; found = searched.indexOf(separator, start)) {
    ranges.push([start, found]);
    start = found + separator.length;
  }
  return [...ranges, [start, string.length]];
}
