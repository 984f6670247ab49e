import { type DataType, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { WHOLE_TYPES } from "../whole-types.ts";
import { combineTwo } from "./combine-two.ts";

/** An operation on the bits of whole numbers: for types that are held as numbers, and for 64 bits. Results wrap round when they are kept. */
interface Bitwise {
  readonly numbers: (a: number, b: number) => number;
  readonly bigints: (a: bigint, b: bigint) => bigint;
}

const and: Bitwise = { numbers: (a, b) => a & b, bigints: (a, b) => a & b };
const or: Bitwise = { numbers: (a, b) => a | b, bigints: (a, b) => a | b };
const exclusiveOr: Bitwise = { numbers: (a, b) => a ^ b, bigints: (a, b) => a ^ b };
const left: Bitwise = { numbers: (a, b) => a << b, bigints: (a, b) => a << b };
/** The sign of a number that has one comes in from the left. */
const right: Bitwise = { numbers: (a, b) => (a < 2 ** 31 ? a >> b : a >>> b), bigints: (a, b) => a >> b };

function bitsOf(dtype: DataType): number {
  return makeNumbers(dtype, 0).BYTES_PER_ELEMENT * 8;
}

function bitwise({ numbers, bigints }: Bitwise): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(0);
    if (!WHOLE_TYPES.includes(dtype) || operation.input(1).dtype !== dtype) {
      operation.refuse(`its inputs are ${dtype} and ${operation.input(1).dtype}`);
    }
    return {
      outputs: [dtype],
      run: ([a, b], clock) => {
        const combine = (x: unknown, y: unknown): number | bigint =>
          typeof x === "bigint" ? bigints(x, y as bigint) : numbers(x as number, y as number);
        return [combineTwo(a as Tensor, b as Tensor, combine, clock)];
      },
    };
  };
}

/** Shifts by at least nothing, and by at most all bits but one, as TensorFlow does where fewer or more are asked for. */
function shift({ numbers, bigints }: Bitwise): MakeKernel {
  const within = (places: number, most: number): number => Math.min(Math.max(places, 0), most);
  return (operation) => {
    const most = bitsOf(operation.input(0).dtype === "string" ? "int8" : operation.input(0).dtype) - 1;
    return bitwise({
      numbers: (a, b) => numbers(a, within(b, most)),
      bigints: (a, b) => bigints(a, BigInt(within(Number(b), most))),
    })(operation);
  };
}

/** Invert: the other value of each bit. */
const invert: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (!WHOLE_TYPES.includes(dtype)) {
    operation.refuse(`its input is ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: ([input]) => {
      const { shape, data } = input as Tensor;
      new OutputBudget().take(dtype, data.length);
      const inverted = makeNumbers(dtype, data.length);
      for (const [index, value] of data.entries()) {
        inverted[index] = ~(value as number) as never;
      }
      return [{ dtype, shape, data: inverted }];
    },
  };
};

/** Operations on bits. */
export const bitKernels: Readonly<Record<string, MakeKernel>> = {
  BitwiseAnd: bitwise(and),
  BitwiseOr: bitwise(or),
  BitwiseXor: bitwise(exclusiveOr),
  Invert: invert,
  LeftShift: shift(left),
  RightShift: shift(right),
};
