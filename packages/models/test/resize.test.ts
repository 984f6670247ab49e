import type { Tensor } from "@sealserve/protocol";

import { type OperationCase, testOperations } from "./fixtures/operation-case.ts";
import { bytes, floats, int32s } from "./fixtures/tensors.ts";

type Flags = { readonly align_corners?: boolean; readonly half_pixel_centers?: boolean };

/** Where output pixel `index` comes from (image_resizer_state.h). */
function sourceOf(index: number, from: number, to: number, flags: Flags): number {
  if (flags.align_corners === true && to > 1) {
    return (index * (from - 1)) / (to - 1);
  }
  return flags.half_pixel_centers === true ? ((index + 0.5) * from) / to - 0.5 : (index * from) / to;
}

function bilinear(row: readonly number[], to: number, flags: Flags): number[] {
  return Array.from({ length: to }, (_, index) => {
    const at = sourceOf(index, row.length, to, flags);
    const [low, high] = [Math.floor(at), Math.ceil(at)].map(
      (place) => row[Math.min(Math.max(place, 0), row.length - 1)] as number,
    ) as [number, number];
    return low + (high - low) * (at - Math.floor(at));
  });
}

function nearest(row: readonly number[], to: number, flags: Flags): number[] {
  return Array.from({ length: to }, (_, index) => {
    const at = sourceOf(index, row.length, to, flags);
    const place =
      flags.align_corners === true ? Math.round(at) : Math.floor(flags.half_pixel_centers === true ? at + 0.5 : at);
    return row[Math.min(place, row.length - 1)] as number;
  });
}

const row = [1, 4, 2, 8];
const attributes = (flags: Flags) => Object.fromEntries(Object.entries(flags).map(([name, b]) => [name, { b }]));
const image = (values: readonly number[]): Tensor => floats([1, 1, values.length, 1], values);
const each: readonly Flags[] = [{}, { align_corners: true }, { half_pixel_centers: true }];

const cases = each.flatMap((flags) =>
  [2, 3, 7, 8].flatMap((to): OperationCase[] => {
    const about = `${row.length} to ${to} pixels, ${JSON.stringify(flags)}`;
    const common = { about, attributes: attributes(flags), inputs: [image(row), int32s([2], [1, to])] };
    return [
      { ...common, op: "ResizeBilinear", expected: image(bilinear(row, to, flags)) },
      { ...common, op: "ResizeNearestNeighbor", expected: image(nearest(row, to, flags)) },
    ];
  }),
);

testOperations([
  ...cases,
  {
    op: "ResizeBilinear",
    about: "of bytes",
    inputs: [bytes([1, 1, 2, 1], [1, 2]), int32s([2], [1, 4])],
    expected: image([1, 1.5, 2, 2]),
  },
  {
    op: "ResizeNearestNeighbor",
    about: "of bytes",
    inputs: [bytes([1, 2, 1, 1], [1, 2]), int32s([2], [1, 1])],
    expected: bytes([1, 1, 1, 1], [1]),
  },
  {
    op: "ResizeBilinear",
    about: "without end",
    inputs: [image(row), int32s([2], [2 ** 20, 2 ** 20])],
    expected: image(row),
    fails: true,
  },
]);
