import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";
import { PriorityQueue } from "./priority-queue.ts";

/** Boxes that are compared between two looks at the clock. */
const COMPARISONS_BETWEEN_CHECKS = 2 ** 18;
/** Memory that a box which may be selected takes. */
const CANDIDATE_BYTES = 64;
/** Below all scores that are numbers, but for the one that is infinite. */
const LOWEST_FLOAT = -(2 - 2 ** -23) * 2 ** 127;

interface Selecting {
  readonly most: number;
  readonly overlap: number;
  readonly lowestScore: number;
  /** How scores of boxes that overlap others fade; 0 for such boxes to be left out. */
  readonly sigma: number;
  readonly clock: Clock | undefined;
}

interface Selection {
  readonly boxes: readonly number[];
  readonly scores: readonly number[];
}

interface Candidate {
  readonly box: number;
  score: number;
  /** How many of the selected ones it has been compared with. */
  compared: number;
}

/** What comes out of a selection, besides the boxes. */
type Outputs = "boxes" | "boxes and count" | "boxes, scores and count";

/** Indices of the boxes with the highest scores, without those that overlap a better one too much (non_max_suppression_op.cc). */
function suppressing(gives: Outputs): MakeKernel {
  return (operation) => {
    expectFloats(operation);
    const fixedOverlap = operation.float("iou_threshold", 0.5);
    const fills = operation.flag("pad_to_max_output_size", false);
    const dtypes = {
      boxes: ["int32"],
      "boxes and count": ["int32", "int32"],
      "boxes, scores and count": ["int32", "float32", "int32"],
    } as const;
    return {
      outputs: dtypes[gives],
      run: ([boxes, scores, most, overlap, lowestScore, sigma], clock) => {
        const selecting = {
          most: wholeNumber(most, "max_output_size"),
          overlap: numberOf(overlap, fixedOverlap),
          lowestScore: numberOf(lowestScore, LOWEST_FLOAT),
          sigma: numberOf(sigma, 0),
          clock,
        };
        expectSelecting(selecting);
        const selected = select(expectBoxes(boxes), expectScores(scores, boxes), selecting);
        const length = fills ? selecting.most : selected.boxes.length;
        new OutputBudget().take("int32", 2 * length);
        const indices: Tensor = {
          dtype: "int32",
          shape: [length],
          data: filled(new Int32Array(length), selected.boxes),
        };
        const kept: Tensor = {
          dtype: "float32",
          shape: [length],
          data: filled(new Float32Array(length), selected.scores),
        };
        const count: Tensor = { dtype: "int32", shape: [], data: Int32Array.of(selected.boxes.length) };
        return {
          boxes: [indices],
          "boxes and count": [indices, count],
          "boxes, scores and count": [indices, kept, count],
        }[gives];
      },
    };
  };
}

function filled<Numbers extends Int32Array | Float32Array>(numbers: Numbers, values: readonly number[]): Numbers {
  numbers.set(values);
  return numbers;
}

/** @throws ModelError `unsupported-op` */
function expectFloats(operation: NodeOperation<KnownInput>): void {
  const [boxes, scores] = [operation.input(0), operation.input(1)];
  if (boxes.dtype !== "float32" || scores.dtype !== "float32") {
    operation.refuse(`its boxes are ${boxes.dtype}, and their scores ${scores.dtype}`);
  }
}

/** @throws ServingError `INVALID_ARGUMENT` */
function expectSelecting({ most, overlap, sigma }: Selecting): void {
  if (most < 0) {
    throw invalidArgument("output size must be non-negative");
  }
  if (!(overlap >= 0 && overlap <= 1)) {
    throw invalidArgument("iou_threshold must be in [0, 1]");
  }
  if (!(sigma >= 0)) {
    throw invalidArgument("soft_nms_sigma must be non-negative");
  }
}

function numberOf(tensor: Tensor | undefined, otherwise: number): number {
  return tensor === undefined ? otherwise : Number(tensor.data[0]);
}

/** @throws ServingError `INVALID_ARGUMENT` */
function expectBoxes(boxes: Tensor | undefined): Float32Array {
  if (boxes?.shape.length !== 2 || boxes.shape[1] !== 4 || !(boxes.data instanceof Float32Array)) {
    throw invalidArgument(`boxes must have 4 columns, and not the shape [${boxes?.shape.join(",")}]`);
  }
  return boxes.data;
}

/** @throws ServingError `INVALID_ARGUMENT` */
function expectScores(scores: Tensor | undefined, boxes: Tensor | undefined): Float32Array {
  if (scores?.shape.length !== 1 || scores.shape[0] !== boxes?.shape[0] || !(scores.data instanceof Float32Array)) {
    throw invalidArgument(`scores has incompatible shape [${scores?.shape.join(",")}]`);
  }
  return scores.data;
}

/** @throws ServingError `RESOURCE_EXHAUSTED` */
function select(boxes: Float32Array, scores: Float32Array, selecting: Selecting): Selection {
  new OutputBudget().takeBytes(scores.length * CANDIDATE_BYTES);
  const waiting = new PriorityQueue<Candidate>((a, b) => a.score > b.score || (a.score === b.score && a.box < b.box));
  for (const [box, score] of scores.entries()) {
    if (score > selecting.lowestScore) {
      waiting.add({ box, score, compared: 0 });
    }
  }
  const selected: { readonly boxes: number[]; readonly scores: number[] } = { boxes: [], scores: [] };
  for (let looks = 0; selected.boxes.length < selecting.most; looks++) {
    const candidate = waiting.take();
    if (candidate === undefined) {
      break;
    }
    const between = Math.max(1, Math.floor(COMPARISONS_BETWEEN_CHECKS / (selected.boxes.length + 1)));
    if (looks % between === 0) {
      selecting.clock?.expectTime();
    }
    const { score } = candidate;
    if (!fade(candidate, selected.boxes, boxes, selecting)) {
      continue;
    }
    if (candidate.score === score) {
      selected.boxes.push(candidate.box);
      selected.scores.push(score);
    } else if (candidate.score > selecting.lowestScore) {
      waiting.add(candidate);
    }
  }
  return selected;
}

/**
 * Compares a box with those that have been selected since it was last looked at, the last one first, and lets its score fade. An
 * overlap that is no number takes the score away, and does not leave the box out.
 * @returns false for a box that is left out
 */
function fade(
  candidate: Candidate,
  selected: readonly number[],
  boxes: Float32Array,
  { overlap, lowestScore, sigma }: Selecting,
): boolean {
  const scale = sigma > 0 ? Math.fround(-0.5 / sigma) : 0;
  for (let place = selected.length - 1; place >= candidate.compared; place--) {
    const common = overlapOf(boxes, candidate.box, selected[place] as number);
    const isWithin = sigma > 0 || common <= overlap;
    const weight = isWithin ? Math.fround(Math.exp(Math.fround(Math.fround(scale * common) * common))) : 0;
    candidate.score = Math.fround(candidate.score * weight);
    if (sigma === 0 && common > overlap) {
      return false;
    }
    if (candidate.score <= lowestScore) {
      break;
    }
  }
  candidate.compared = selected.length;
  return true;
}

/** The part that two boxes have in common of what both cover, in float32. */
function overlapOf(boxes: Float32Array, a: number, b: number): number {
  const [first, second] = [sidesOf(boxes, a), sidesOf(boxes, b)];
  const [firstArea, secondArea] = [areaOf(first), areaOf(second)];
  if (firstArea <= 0 || secondArea <= 0) {
    return 0;
  }
  const height = larger(Math.fround(smaller(first.bottom, second.bottom) - larger(first.top, second.top)), 0);
  const width = larger(Math.fround(smaller(first.right, second.right) - larger(first.left, second.left)), 0);
  const common = Math.fround(height * width);
  return Math.fround(common / Math.fround(Math.fround(firstArea + secondArea) - common));
}

interface Sides {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Corners may be given in any order. */
function sidesOf(boxes: Float32Array, box: number): Sides {
  const at = 4 * box;
  const [y1, x1, y2, x2] = [boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]] as [number, number, number, number];
  return { top: smaller(y1, y2), left: smaller(x1, x2), bottom: larger(y1, y2), right: larger(x1, x2) };
}

function areaOf({ top, left, bottom, right }: Sides): number {
  return Math.fround(Math.fround(bottom - top) * Math.fround(right - left));
}

/** As in C++: the first one, where one of both is no number. */
function smaller(a: number, b: number): number {
  return b < a ? b : a;
}

function larger(a: number, b: number): number {
  return a < b ? b : a;
}

/** Operations that pick objects out of what was found in an image. */
export const detectionKernels: Readonly<Record<string, MakeKernel>> = {
  NonMaxSuppression: suppressing("boxes"),
  NonMaxSuppressionV2: suppressing("boxes"),
  NonMaxSuppressionV3: suppressing("boxes"),
  NonMaxSuppressionV4: suppressing("boxes and count"),
  NonMaxSuppressionV5: suppressing("boxes, scores and count"),
};
