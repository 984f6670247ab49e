import type { Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readLevels, splitsOfLengths, splitTensor, splitType } from "../ragged/split-levels.ts";
import { concatenate, expectStrings, stringsOf } from "./strings.ts";

/** Of a gram's part, which may be a pad without bytes. */
const PART_BYTES = 8;

interface Grams {
  readonly widths: readonly number[];
  readonly separator: Uint8Array;
  readonly leftPad: Uint8Array;
  readonly rightPad: Uint8Array;
  /** How many pads may stand at an end; negative for as many as a gram leaves room for. */
  readonly padWidth: number;
  readonly keepsShort: boolean;
}

/** StringNGrams: so many strings of a row that follow each other, joined, for each of some widths (string_ngrams_op.cc). */
export const stringNGrams: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const type = splitType(operation.input(1).dtype, operation);
  const grams = readGrams(operation);
  return {
    outputs: ["string", type],
    run: ([strings, splits]) => {
      const [starts = [0]] = readLevels([splits as Tensor], strings as Tensor);
      const budget = new OutputBudget();
      const all = stringsOf(strings);
      const rows = starts.slice(1).map((end, row) => gramsOf(all.slice(starts[row], end), grams, budget));
      const data = rows.flat();
      const lengths = rows.map(({ length }) => length);
      return [{ dtype: "string", shape: [data.length], data }, splitTensor(type, splitsOfLengths(lengths))];
    },
  };
};

function readGrams(operation: NodeOperation<KnownInput>): Grams {
  const widths = operation.integers("ngram_widths");
  if (widths.some((width) => width < 1)) {
    operation.refuse(`its widths are ${widths.join(", ")}`);
  }
  return {
    widths,
    separator: operation.bytes("separator"),
    leftPad: operation.bytes("left_pad"),
    rightPad: operation.bytes("right_pad"),
    padWidth: operation.integer("pad_width", 0),
    keepsShort: operation.flag("preserve_short_sequences", false),
  };
}

function gramsOf(row: readonly Uint8Array[], grams: Grams, budget: OutputBudget): Uint8Array[] {
  const found = grams.widths.flatMap((width) => {
    const count = Math.max(0, row.length + 2 * padsOf(width, grams) - width + 1);
    return makeGrams(row, width, count, grams, budget);
  });
  return found.length === 0 && grams.keepsShort && row.length > 0
    ? makeGrams(row, row.length + 2 * Math.max(grams.padWidth, 0), 1, grams, budget)
    : found;
}

function padsOf(width: number, { padWidth }: Grams): number {
  return Math.min(padWidth < 0 ? width - 1 : padWidth, width - 1);
}

function makeGrams(
  row: readonly Uint8Array[],
  width: number,
  count: number,
  grams: Grams,
  budget: OutputBudget,
): Uint8Array[] {
  const pads = padsOf(width, grams);
  budget.takeStrings(count);
  budget.takeBytes(count * width * PART_BYTES);
  return Array.from({ length: count }, (_, place) => {
    const left = Math.max(0, pads - place);
    const right = Math.max(0, pads - (count - place - 1));
    const first = left > 0 ? 0 : place - pads;
    const parts = [
      ...Array<Uint8Array>(left).fill(grams.leftPad),
      ...row.slice(first, first + width - left - right),
      ...Array<Uint8Array>(right).fill(grams.rightPad),
    ];
    return concatenate(parts, grams.separator, budget);
  });
}
