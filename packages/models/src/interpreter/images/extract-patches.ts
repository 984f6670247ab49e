import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { makeElements } from "../elements.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { volume } from "../sparse/coordinates.ts";

/** How a window goes over one axis. */
interface Steps {
  readonly cells: number;
  readonly stride: number;
  readonly rate: number;
}

/** ExtractImagePatches: the pixels of each window of an image, row by row, as the channels of one pixel. Beyond the image they are 0. */
export const extractPatches: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  const [rows, columns] = [readSteps(operation, 1), readSteps(operation, 2)];
  const padding = operation.text("padding", "");
  if (padding !== "SAME" && padding !== "VALID") {
    return operation.refuse(`its padding is ${JSON.stringify(padding)}`);
  }
  return {
    outputs: [dtype],
    run: ([images], clock) => {
      const { shape, data } = images as Tensor;
      const [count = 0, height = 0, width = 0, channels = 0] = shape;
      if (shape.length !== 4) {
        throw invalidArgument(`images must have four axes, not shape [${shape.join(",")}]`);
      }
      const [down, across] = [placesOf(height, rows, padding), placesOf(width, columns, padding)];
      const result = [count, down.length, across.length, rows.cells * columns.cells * channels];
      new OutputBudget().take(dtype, volume(result));
      const elements = makeElements(dtype, volume(result));
      const windows = down.flatMap((ys) => across.map((xs) => ({ ys, xs })));
      for (const [place, { ys, xs }] of windows.entries()) {
        clock?.expectTime();
        const cells = ys.flatMap((y) =>
          xs.map((x) => (isInside(y, height) && isInside(x, width) ? y * width + x : -1)),
        );
        for (let image = 0; image < count; image++) {
          const from = image * height * width;
          const to = (image * windows.length + place) * cells.length;
          copyCells(cells, (pixel, cell) =>
            elements.set(data.slice((from + pixel) * channels, (from + pixel + 1) * channels), (to + cell) * channels),
          );
        }
      }
      return [{ dtype, shape: result, data: elements.data }];
    },
  };
};

function isInside(at: number, size: number): boolean {
  return at >= 0 && at < size;
}

/** @param cells the pixel in each, or -1 for one outside of the image */
function copyCells(cells: readonly number[], copy: (pixel: number, cell: number) => void): void {
  for (const [cell, pixel] of cells.entries()) {
    if (pixel >= 0) {
      copy(pixel, cell);
    }
  }
}

function readSteps(operation: NodeOperation<KnownInput>, axis: 1 | 2): Steps {
  const [cells, stride, rate] = ["ksizes", "strides", "rates"].map((name) => {
    const sizes = operation.integers(name);
    const size = sizes[axis] ?? 0;
    return sizes.length === 4 && sizes[0] === 1 && sizes[3] === 1 && size > 0
      ? size
      : operation.refuse(`its ${name} are ${sizes.join(", ")}`);
  }) as [number, number, number];
  return { cells, stride, rate };
}

/** The rows of each window, some of which may be outside. */
function placesOf(size: number, { cells, stride, rate }: Steps, padding: "SAME" | "VALID"): number[][] {
  const reach = (cells - 1) * rate + 1;
  const length = padding === "SAME" ? Math.ceil(size / stride) : Math.max(0, Math.ceil((size - reach + 1) / stride));
  const before = padding === "SAME" ? Math.floor(Math.max((length - 1) * stride + reach - size, 0) / 2) : 0;
  return Array.from({ length }, (_, place) =>
    Array.from({ length: cells }, (_cell, cell) => place * stride - before + cell * rate),
  );
}
