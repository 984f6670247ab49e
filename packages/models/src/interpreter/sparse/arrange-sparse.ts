import { type DataType, invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { int64Tensor } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readCoordinates, readShape, rowsOf } from "./coordinates.ts";

/** Sparse tensors of one operation that joins them. */
const MAX_PARTS = 10_000;

type Row = readonly number[];

/** Values with their coordinates. */
interface Placed {
  readonly rows: readonly Row[];
  /** For each row, which of the values it is. */
  readonly places: readonly number[];
}

/** Coordinates of the values, and the shape of the whole. */
interface Rows {
  readonly rows: readonly Row[];
  readonly shape: Row;
}

/** SparseReorder: the values in the order of their coordinates. */
export const reorderSparse: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  return {
    outputs: ["int64", dtype],
    run: ([indices, values, denseShape]) => {
      const { rows, shape } = readValues(indices, values, denseShape);
      const sorted = inOrder({ rows, places: [...rows.keys()] });
      return [indicesOf(sorted.rows, shape.length), pick([values as Tensor], dtype, sorted.places)];
    },
  };
};

/** SparseConcat: sparse tensors behind each other along an axis, the values in the order of their coordinates. */
export const concatSparse: MakeKernel = (operation) => {
  const [count, axis] = [operation.integer("N", 0), operation.integer("concat_dim", 0)];
  if (count < 1 || count > MAX_PARTS || operation.inputs.length !== 3 * count) {
    operation.refuse(`it joins ${count} tensors and has ${operation.inputs.length} inputs`);
  }
  const { dtype } = operation.input(count);
  return {
    outputs: ["int64", dtype, "int64"],
    run: (inputs) => {
      const values = inputs.slice(count, 2 * count);
      const parts = values.map((given, part) => readValues(inputs[part], given, inputs[2 * count + part]));
      const { shape, joined } = join(parts, axis);
      const sorted = inOrder(joined);
      const picked = pick(values, dtype, sorted.places);
      return [indicesOf(sorted.rows, shape.length), picked, int64Tensor([shape.length], shape)];
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` for shapes that differ along other axes */
function join(parts: readonly Rows[], axis: number): { readonly shape: Row; readonly joined: Placed } {
  const [first] = parts as readonly [Rows];
  const along = axis < 0 ? axis + first.shape.length : axis;
  if (along < 0 || along >= first.shape.length) {
    throw invalidArgument(`Concat dimension ${axis} is not in [0, ${first.shape.length})`);
  }
  const isAlike = ({ shape }: Rows): boolean =>
    shape.length === first.shape.length && shape.every((size, at) => at === along || size === first.shape[at]);
  if (!parts.every(isAlike)) {
    throw invalidArgument(`Input shapes must match except along dimension ${along}`);
  }
  let before = 0;
  const rows = parts.flatMap((part) => {
    const moved = part.rows.map((row) => row.with(along, (row[along] as number) + before));
    before += part.shape[along] as number;
    return moved;
  });
  return { shape: first.shape.with(along, before), joined: { rows, places: [...rows.keys()] } };
}

/** SparseSlice: the values in a part of the tensor, which is cut at its end. */
export const sliceSparse: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  return {
    outputs: ["int64", dtype, "int64"],
    run: ([indices, values, denseShape, start, size]) => {
      const { rows, shape } = readValues(indices, values, denseShape);
      const [from, sizes] = [readShape(start), readShape(size)];
      if (from.length !== shape.length || sizes.length !== shape.length) {
        throw invalidArgument(`Expected start and size to be vectors of length ${shape.length}`);
      }
      const cut = sizes.map((length, axis) => Math.max(Math.min(length, (shape[axis] ?? 0) - (from[axis] ?? 0)), 0));
      const kept = [...rows.entries()].flatMap(([place, row]) => {
        const moved = row.map((index, axis) => index - (from[axis] ?? 0));
        return moved.every((index, axis) => index >= 0 && index < (cut[axis] ?? 0)) ? [{ place, moved }] : [];
      });
      return [
        indicesOf(
          kept.map(({ moved }) => moved),
          shape.length,
        ),
        pick(
          [values as Tensor],
          dtype,
          kept.map(({ place }) => place),
        ),
        int64Tensor([shape.length], cut),
      ];
    },
  };
};

function readValues(indices: Tensor | undefined, values: Tensor | undefined, denseShape: Tensor | undefined): Rows {
  const coordinates = readCoordinates(indices, denseShape);
  const { count, shape } = coordinates;
  if (values?.shape.length !== 1 || values.data.length !== count) {
    throw invalidArgument(`Expected a value for each of ${count} indices`);
  }
  return { rows: rowsOf(coordinates), shape };
}

/** Those of equal coordinates stay in the order in which they come. */
function inOrder({ rows, places }: Placed): Placed {
  const sorted = places.toSorted((a, b) => compare(rows[a] as Row, rows[b] as Row));
  return { rows: sorted.map((place) => rows[place] as Row), places: sorted };
}

function compare(a: Row, b: Row): number {
  const axis = a.findIndex((index, at) => index !== b[at]);
  return axis < 0 ? 0 : (a[axis] as number) - (b[axis] as number);
}

function indicesOf(rows: readonly Row[], rank: number): Tensor {
  new OutputBudget().take("int64", rows.length * rank);
  return int64Tensor([rows.length, rank], rows.flat());
}

/** Values of several tensors, which are counted through, in an order. @throws ServingError `RESOURCE_EXHAUSTED` */
function pick(tensors: readonly Tensor[], dtype: DataType, places: readonly number[]): Tensor {
  const total = tensors.reduce((count, { data }) => count + data.length, 0);
  const budget = new OutputBudget();
  budget.take(dtype, total);
  budget.take(dtype, places.length);
  const [all, picked] = [makeElements(dtype, total), makeElements(dtype, places.length)];
  tensors.reduce((start, { data }) => {
    all.set(data, start);
    return start + data.length;
  }, 0);
  for (const [at, place] of places.entries()) {
    picked.set(isNumberData(all.data) ? all.data.subarray(place, place + 1) : all.data.slice(place, place + 1), at);
  }
  return { dtype, shape: [places.length], data: picked.data };
}
