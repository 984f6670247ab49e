import { type DataType, invalidArgument, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

import { integersOf } from "../integers.ts";
import type { Clock, Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { positionOf, readShape, volume } from "../sparse/coordinates.ts";

type Numbers = ReturnType<typeof makeNumbers>;
/** What becomes of a number and one that comes to its place. */
interface Combine {
  readonly numbers: (there: number, coming: number) => number;
  /** For types of 64 bits. */
  readonly bigints: (there: bigint, coming: bigint) => bigint;
}

const add: Combine = { numbers: (there, coming) => there + coming, bigints: (there, coming) => there + coming };
const subtract: Combine = { numbers: (there, coming) => there - coming, bigints: (there, coming) => there - coming };
/** A comparison with what is no number does not hold, so that the number there stays, as in TensorFlow. */
const larger: Combine = {
  numbers: (there, coming) => (coming > there ? coming : there),
  bigints: (there, coming) => (coming > there ? coming : there),
};
const smaller: Combine = {
  numbers: (there, coming) => (coming < there ? coming : there),
  bigints: (there, coming) => (coming < there ? coming : there),
};
const replace: Combine = { numbers: (_there, coming) => coming, bigints: (_there, coming) => coming };

/** Types that numbers are combined in as they are held. */
const NUMBERS: ReadonlySet<DataType> = new Set([
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float32",
  "float64",
]);

/** Puts slices into a copy of a tensor at places that coordinates give. */
function scatterInto(combine: Combine): MakeKernel {
  return (operation): Kernel => {
    const { dtype } = operation.input(0);
    expectNumbers(dtype, operation.refuse.bind(operation));
    return {
      outputs: [dtype],
      run: ([tensor, indices, updates], clock) => {
        const { shape, data } = tensor as Tensor;
        new OutputBudget().take(dtype, data.length);
        const copy = makeNumbers(dtype, data.length);
        combineRange(copy, 0, data, { from: 0, length: data.length, combine: replace });
        scatter({ shape, data: copy }, { indices, updates, combine, clock });
        return [{ dtype, shape, data: copy }];
      },
    };
  };
}

/** ScatterNd: adds slices up in a tensor of zeros. */
const scatterNew: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  expectNumbers(dtype, operation.refuse.bind(operation));
  return {
    outputs: [dtype],
    run: ([indices, updates, sizes], clock) => {
      const shape = readShape(sizes);
      new OutputBudget().take(dtype, volume(shape));
      const data = makeNumbers(dtype, volume(shape));
      scatter({ shape, data }, { indices, updates, combine: add, clock });
      return [{ dtype, shape, data }];
    },
  };
};

function expectNumbers(dtype: DataType, refuse: (reason: string) => never): void {
  if (!NUMBERS.has(dtype)) {
    refuse(`it puts ${dtype} into a tensor`);
  }
}

interface Scattering {
  readonly indices: Tensor | undefined;
  readonly updates: Tensor | undefined;
  readonly combine: Combine;
  readonly clock: Clock | undefined;
}

/** Elements between two looks at the clock. */
const ELEMENTS_BETWEEN_CHECKS = 2 ** 20;

/** @throws ServingError `INVALID_ARGUMENT` for coordinates outside of the tensor or of no axis, and slices of another shape */
function scatter(
  { shape, data }: { readonly shape: readonly number[]; readonly data: Numbers },
  { indices, updates, combine, clock }: Scattering,
): void {
  const depth = indices?.shape.at(-1) ?? 0;
  const places = indices?.shape.slice(0, -1) ?? [];
  const inner = shape.slice(depth);
  if (indices === undefined || indices.shape.length === 0 || depth > shape.length) {
    throw invalidArgument(`Indices of shape [${indices?.shape.join(",")}] do not fit a shape of rank ${shape.length}`);
  }
  const expected = [...places, ...inner];
  if (updates?.shape.join() !== expected.join() || !isNumberData(updates.data)) {
    throw invalidArgument(`Updates must be of shape [${expected.join(",")}], not [${updates?.shape.join(",")}]`);
  }
  if (depth === 0) {
    throw invalidArgument("Indices must have at least one coordinate each, not 0");
  }
  if (data.length === 0 && indices.data.length > 0) {
    throw invalidArgument("Indices and updates specified for empty output");
  }
  const numbers = integersOf(indices, "Indices");
  const width = volume(inner);
  const between = Math.max(1, Math.floor(ELEMENTS_BETWEEN_CHECKS / Math.max(width, 1)));
  for (let slice = 0; slice < volume(places); slice++) {
    if (slice % between === 0) {
      clock?.expectTime();
    }
    const row = numbers.slice(slice * depth, (slice + 1) * depth);
    if (row.some((index, axis) => index < 0 || index >= (shape[axis] as number))) {
      throw invalidArgument(`indices[${slice}] = [${row.join(",")}] does not index into shape [${shape.join(",")}]`);
    }
    const at = positionOf(row, shape.slice(0, depth)) * width;
    combineRange(data, at, updates.data, { from: slice * width, length: width, combine });
  }
}

interface Range {
  /** Where the numbers that come begin. */
  readonly from: number;
  readonly length: number;
  readonly combine: Combine;
}

/** Combines numbers from `at` on with others of the same type. */
function combineRange(target: Numbers, at: number, source: Tensor["data"], { from, length, combine }: Range): void {
  if (!isNumberData(source)) {
    return;
  }
  const isLong = target instanceof BigInt64Array || target instanceof BigUint64Array;
  for (let index = 0; index < length; index++) {
    const [there, coming] = [target[at + index], source[from + index]];
    if (isLong && typeof there === "bigint" && typeof coming === "bigint") {
      target[at + index] = combine.bigints(there, coming);
    } else if (!isLong && typeof there === "number" && typeof coming === "number") {
      target[at + index] = combine.numbers(there, coming);
    }
  }
}

/** Operations that put slices into tensors. */
export const scatterKernels: Readonly<Record<string, MakeKernel>> = {
  ScatterNd: scatterNew,
  TensorScatterAdd: scatterInto(add),
  TensorScatterMax: scatterInto(larger),
  TensorScatterMin: scatterInto(smaller),
  TensorScatterSub: scatterInto(subtract),
  TensorScatterUpdate: scatterInto(replace),
};
