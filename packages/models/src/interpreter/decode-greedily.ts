import { type DataType, invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";

import { FLOATS } from "./float-types.ts";
import { int64Tensor, integerVector } from "./integers.ts";
import type { MakeKernel } from "./kernel.ts";
import { OutputBudget } from "./output-budget.ts";

interface Decoding {
  readonly blank: number;
  /** Whether a class that comes again at once counts once. */
  readonly mergesRepeated: boolean;
}

/** The likeliest classes of one sequence without blanks, and the sum of their scores. */
interface Decoded {
  readonly classes: readonly number[];
  readonly score: number;
}

/**
 * CTCGreedyDecoder: the likeliest class of each step, without blanks and without what is repeated, as a sparse matrix with a row for
 * each sequence; and how unlikely each is (ctc_decoder_ops.cc).
 */
export const decodeGreedily: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (!FLOATS.includes(dtype)) {
    operation.refuse(`its scores are ${dtype}`);
  }
  const mergesRepeated = operation.flag("merge_repeated", false);
  const blankIndex = operation.integer("blank_index", -1);
  return {
    outputs: ["int64", "int64", "int64", dtype],
    run: ([scores, lengths], clock) => {
      const [steps = 0, sequences = 0, classes = 0] = (scores as Tensor).shape;
      const blank = blankIndex < 0 ? classes + blankIndex : blankIndex;
      const counts = expectLengths(scores as Tensor, lengths);
      if (blank < 0 || blank >= classes) {
        throw invalidArgument(`blank_index expected to be between 0 and ${classes - 1}, but it is ${blank}`);
      }
      new OutputBudget().take("int64", 4 * steps * sequences);
      const decoded = counts.map((count, sequence) => {
        clock?.expectTime();
        return decodeSequence(scores as Tensor, sequence, count, { blank, mergesRepeated });
      });
      return asSparse(decoded, dtype);
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` */
function expectLengths({ shape, data }: Tensor, lengths: Tensor | undefined): number[] {
  const [steps = 0, sequences] = shape;
  if (data.length === 0) {
    throw invalidArgument("inputs must not be empty");
  }
  if (shape.length !== 3) {
    throw invalidArgument(`inputs is not a 3-Tensor, but has the shape [${shape.join(",")}]`);
  }
  const counts = integerVector(lengths, "sequence_length");
  if (counts.length !== sequences) {
    throw invalidArgument("len(sequence_length) != batch_size");
  }
  if (counts.some((count) => count < 0 || count > steps)) {
    throw invalidArgument(`sequence_length must be from 0 to max_time, which is ${steps}`);
  }
  return counts;
}

function decodeSequence(scores: Tensor, sequence: number, count: number, { blank, mergesRepeated }: Decoding): Decoded {
  const [, sequences = 0, width = 0] = scores.shape;
  const data = scores.data as Float32Array | Float64Array;
  const classes: number[] = [];
  let [score, before] = [0, -1];
  for (let step = 0; step < count; step++) {
    const start = (step * sequences + sequence) * width;
    let best = 0;
    for (let place = 1; place < width; place++) {
      best = (data[start + place] as number) > (data[start + best] as number) ? place : best;
    }
    score -= data[start + best] as number;
    if (best !== blank && !(mergesRepeated && best === before)) {
      classes.push(best);
    }
    before = best;
  }
  return { classes, score };
}

function asSparse(decoded: readonly Decoded[], dtype: DataType): Tensor[] {
  const classes = decoded.flatMap((sequence) => sequence.classes);
  const places = decoded.flatMap((sequence, row) => sequence.classes.flatMap((_, column) => [row, column]));
  const longest = decoded.reduce((most, sequence) => Math.max(most, sequence.classes.length), 0);
  const scores = makeNumbers(dtype, decoded.length);
  for (const [row, { score }] of decoded.entries()) {
    scores[row] = score as never;
  }
  return [
    int64Tensor([classes.length, 2], places),
    int64Tensor([classes.length], classes),
    int64Tensor([2], [decoded.length, longest]),
    { dtype, shape: [decoded.length, 1], data: scores },
  ];
}
