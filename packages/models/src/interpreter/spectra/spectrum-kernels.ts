import { type DataType, invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Clock, Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";
import { volume } from "../sparse/coordinates.ts";
import { complexes, transform } from "./fourier.ts";

/** Lengths of a transform; sounds are cut into some thousands. */
const MAX_LENGTH = 2 ** 20;

function expectType(operation: NodeOperation<KnownInput>, position: number, expected: DataType): void {
  const { dtype } = operation.input(position);
  if (dtype !== expected) {
    operation.refuse(`its input ${position} is ${dtype}`);
  }
}

/** RFFT: the first half of the transform of each row, which is cut or filled up with zeros first. Real and imaginary parts alternate. */
const realTransform: MakeKernel = (operation) => {
  expectType(operation, 0, "float32");
  return {
    outputs: [operation.type("Tcomplex", "complex64")],
    run: ([input, size], clock) => {
      const { rows, width, outer, data } = readRows(input as Tensor);
      const length = readLength(size);
      const half = Math.floor(length / 2) + 1;
      const result = emptyRows("complex64", rows, half * 2);
      forRows(rows, length, clock, (row) => {
        const numbers = complexes(length);
        numbers.real.set(data.subarray(row * width, row * width + Math.min(width, length)));
        transform(numbers, -1);
        for (let place = 0; place < half; place++) {
          result[(row * half + place) * 2] = numbers.real[place] as number;
          result[(row * half + place) * 2 + 1] = numbers.imaginary[place] as number;
        }
      });
      return [{ dtype: "complex64", shape: [...outer, half], data: result }];
    },
  };
};

/** IRFFT: rows of real numbers out of the first halves of their transforms. */
const inverseRealTransform: MakeKernel = (operation) => {
  expectType(operation, 0, "complex64");
  return {
    outputs: [operation.type("Treal", "float32")],
    run: ([input, size], clock) => {
      const { rows, width, outer, data } = readRows(input as Tensor);
      const length = readLength(size);
      const result = emptyRows("float32", rows, length);
      forRows(rows, length, clock, (row) => {
        const numbers = complexes(length);
        for (let place = 0; place <= length / 2 && place < width; place++) {
          const at = (row * width + place) * 2;
          setMirrored(numbers, place, data[at] as number, data[at + 1] as number);
        }
        transform(numbers, 1);
        for (let place = 0; place < length; place++) {
          result[row * length + place] = (numbers.real[place] as number) / length;
        }
      });
      return [{ dtype: "float32", shape: [...outer, length], data: result }];
    },
  };
};

/** Sets a number, and the one of the other half that a row of real numbers has for it. */
function setMirrored(numbers: ReturnType<typeof complexes>, place: number, real: number, imaginary: number): void {
  const { length } = numbers.real;
  const other = (length - place) % length;
  numbers.real[other] = real;
  numbers.imaginary[other] = -imaginary;
  numbers.real[place] = real;
  // The first number, and the middle one, stand for themselves, and so have no imaginary part.
  numbers.imaginary[place] = other === place ? 0 : imaginary;
}

interface Rows {
  readonly rows: number;
  /** Numbers of a row. */
  readonly width: number;
  readonly outer: readonly number[];
  readonly data: Float32Array;
}

function readRows({ shape, data }: Tensor): Rows {
  const width = shape.at(-1);
  if (width === undefined || !(data instanceof Float32Array)) {
    throw invalidArgument("Input must have rank of at least 1");
  }
  const outer = shape.slice(0, -1);
  return { rows: volume(outer), width, outer, data };
}

function readLength(size: Tensor | undefined): number {
  const length = wholeNumber(size, "fft_length");
  if (length < 1 || length > MAX_LENGTH) {
    throw invalidArgument(`fft_length must be from 1 to ${MAX_LENGTH}, not ${length}`);
  }
  return length;
}

function emptyRows(dtype: DataType, rows: number, width: number): Float32Array {
  new OutputBudget().take(dtype, rows * width);
  return new Float32Array(rows * width);
}

/** Rows of which time is asked for often enough, and not more often. */
const NUMBERS_BETWEEN = 2 ** 14;

function forRows(rows: number, length: number, clock: Clock | undefined, work: (row: number) => void): void {
  const between = Math.ceil(NUMBERS_BETWEEN / length);
  for (let row = 0; row < rows; row++) {
    if (row % between === 0) {
      clock?.expectTime();
    }
    work(row);
  }
}

/** An operation that makes a real number of each complex one. */
function ofEach(compute: (real: number, imaginary: number) => number): MakeKernel {
  return (operation): Kernel => {
    expectType(operation, 0, "complex64");
    return {
      outputs: [operation.type("Tout", "float32")],
      run: ([input]) => {
        const { shape, data } = input as Tensor;
        const numbers = data as Float32Array;
        const result = emptyRows("float32", numbers.length / 2, 1);
        for (let index = 0; index < result.length; index++) {
          result[index] = compute(numbers[2 * index] as number, numbers[2 * index + 1] as number);
        }
        return [{ dtype: "float32", shape, data: result }];
      },
    };
  };
}

/** Complex: complex numbers of real and imaginary parts, of which there are as many. */
const fromParts: MakeKernel = (operation) => {
  expectType(operation, 0, "float32");
  expectType(operation, 1, "float32");
  return {
    outputs: [operation.type("Tout", "complex64")],
    run: ([real, imaginary]) => {
      const [x, y] = [real?.data as Float32Array, imaginary?.data as Float32Array];
      if (real?.shape.join() !== imaginary?.shape.join()) {
        throw invalidArgument("real and imaginary parts must be of one shape");
      }
      const result = emptyRows("complex64", x.length, 2);
      for (let index = 0; index < x.length; index++) {
        result[2 * index] = x[index] as number;
        result[2 * index + 1] = y[index] as number;
      }
      return [{ dtype: "complex64", shape: real?.shape ?? [], data: result }];
    },
  };
};

/** Operations on sounds and other waves. */
export const spectrumKernels: Readonly<Record<string, MakeKernel>> = {
  Angle: ofEach((real, imaginary) => Math.atan2(imaginary, real)),
  Complex: fromParts,
  ComplexAbs: ofEach(Math.hypot),
  Imag: ofEach((_, imaginary) => imaginary),
  IRFFT: inverseRealTransform,
  Real: ofEach((real) => real),
  RFFT: realTransform,
};
