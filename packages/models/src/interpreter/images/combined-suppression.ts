import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";

/** Memory of a box that may be selected, and of a list of them. */
const [FOUND_BYTES, LIST_BYTES] = [64, 64];

type Box = readonly [top: number, left: number, bottom: number, right: number];

interface Found {
  readonly box: Box;
  readonly score: number;
  readonly kind: number;
}

interface Limits {
  readonly perClass: number;
  readonly overlap: number;
  readonly score: number;
}

/** CombinedNonMaxSuppression: for each image the best boxes of all classes; of those of one class that overlap only the best one. */
export const suppressCombined: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (dtype !== "float32") {
    operation.refuse(`its boxes are ${dtype}`);
  }
  const [padsPerClass, clips] = [operation.flag("pad_per_class", false), operation.flag("clip_boxes", true)];
  return {
    outputs: ["float32", "float32", "float32", "int32"],
    run: ([boxes, scores, perClass, total, overlap, lowest], clock) => {
      const [count, kinds] = expectShapes(boxes as Tensor, scores as Tensor);
      const limits = {
        perClass: wholeNumber(perClass, "max_output_size_per_class"),
        overlap: numberOf(overlap),
        score: numberOf(lowest),
      };
      const most = wholeNumber(total, "max_total_size");
      if (limits.perClass <= 0 || most <= 0 || !(limits.overlap >= 0 && limits.overlap <= 1)) {
        throw invalidArgument("sizes must be above 0, and iou_threshold in [0, 1]");
      }
      const length = padsPerClass ? Math.min(most, limits.perClass * kinds) : most;
      const budget = new OutputBudget();
      budget.take("float32", count * length * 6);
      budget.takeBytes((count + kinds) * LIST_BYTES);
      budget.takeBytes(mostFound(boxes as Tensor, kinds, limits) * FOUND_BYTES);
      const images = Array.from({ length: count }, (_, image) => {
        const found = findBoxes(boxes as Tensor, scores as Tensor, image, limits, clock);
        return found.sort((a, b) => b.score - a.score).slice(0, length);
      });
      return writeBoxes(images, length, clips);
    },
  };
};

/** Boxes that may be held at once for an image: all those of one class, and those that were kept of each. */
function mostFound({ shape: [, number = 0] }: Tensor, kinds: number, { perClass }: Limits): number {
  return number + Math.min(perClass, number) * kinds;
}

function numberOf(tensor: Tensor | undefined): number {
  return tensor !== undefined && isNumberData(tensor.data) ? Number(tensor.data[0]) : Number.NaN;
}

function expectShapes({ shape: boxes }: Tensor, { shape: scores }: Tensor): [count: number, kinds: number] {
  const [count = 0, number = 0, sets = 0, corners] = boxes;
  const [scored, scoredBoxes, kinds = 0] = scores;
  const areRanked = boxes.length === 4 && corners === 4 && scores.length === 3;
  if (!areRanked || scored !== count || scoredBoxes !== number || (sets !== 1 && sets !== kinds)) {
    throw invalidArgument(`boxes of shape [${boxes.join(",")}] do not go with scores of shape [${scores.join(",")}]`);
  }
  return [count, kinds];
}

function findBoxes(boxes: Tensor, scores: Tensor, image: number, limits: Limits, clock: Clock | undefined): Found[] {
  const [, number = 0, sets = 0] = boxes.shape;
  const kinds = scores.shape[2] ?? 0;
  const [corners, values] = [boxes.data as Float32Array, scores.data as Float32Array];
  return Array.from({ length: kinds }, (_, kind) => {
    const candidates: Found[] = [];
    for (let place = 0; place < number; place++) {
      const score = values[(image * number + place) * kinds + kind] ?? 0;
      if (score > limits.score) {
        const at = ((image * number + place) * sets + (sets === 1 ? 0 : kind)) * 4;
        candidates.push({ box: boxAt(corners, at), score, kind });
      }
    }
    return suppress(
      candidates.sort((a, b) => b.score - a.score),
      limits,
      clock,
    );
  }).flat();
}

function boxAt(corners: Float32Array, at: number): Box {
  const [top = 0, left = 0, bottom = 0, right = 0] = corners.subarray(at, at + 4);
  return [top, left, bottom, right];
}

/** @param candidates best ones first; of equal ones the first */
function suppress(candidates: readonly Found[], { perClass, overlap }: Limits, clock: Clock | undefined): Found[] {
  const kept: Found[] = [];
  for (const candidate of candidates) {
    if (kept.length >= perClass) {
      break;
    }
    clock?.expectTime();
    if (kept.every(({ box }) => overlapOf(box, candidate.box) <= overlap)) {
      kept.push(candidate);
    }
  }
  return kept;
}

/** What two boxes share of what they cover together; any two opposite corners make a box. */
function overlapOf(a: Box, b: Box): number {
  const [areaA, areaB] = [areaOf(a), areaOf(b)];
  if (areaA <= 0 || areaB <= 0) {
    return 0;
  }
  const shared = (axis: 0 | 1): number => {
    const end = (box: Box): number => Math.max(box[axis], box[axis + 2] as number);
    const start = (box: Box): number => Math.min(box[axis], box[axis + 2] as number);
    return Math.max(Math.min(end(a), end(b)) - Math.max(start(a), start(b)), 0);
  };
  const both = shared(0) * shared(1);
  return both / (areaA + areaB - both);
}

function areaOf([top, left, bottom, right]: Box): number {
  return Math.abs(bottom - top) * Math.abs(right - left);
}

function writeBoxes(images: readonly (readonly Found[])[], length: number, clips: boolean): Tensor[] {
  const count = images.length;
  const [boxes, scores, kinds] = [4, 1, 1].map((width) => new Float32Array(count * length * width)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (const [image, found] of images.entries()) {
    for (const [place, { box, score, kind }] of found.entries()) {
      const at = image * length + place;
      boxes.set(clips ? box.map((corner) => Math.min(Math.max(corner, 0), 1)) : box, at * 4);
      scores[at] = score;
      kinds[at] = kind;
    }
  }
  return [
    { dtype: "float32", shape: [count, length, 4], data: boxes },
    { dtype: "float32", shape: [count, length], data: scores },
    { dtype: "float32", shape: [count, length], data: kinds },
    { dtype: "int32", shape: [count], data: Int32Array.from(images, (found) => found.length) },
  ];
}
