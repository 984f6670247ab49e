import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { WHOLE_TYPES } from "../whole-types.ts";
import { combineTwo } from "./combine-two.ts";

/** A division of whole numbers: for types that are held as numbers, and for 64 bits. The divisor is not 0. */
interface Division {
  readonly numbers: (a: number, b: number) => number;
  readonly bigints: (a: bigint, b: bigint) => bigint;
}

/** Rounded down. */
export const floorQuotient: Division = {
  numbers: (a, b) => Math.floor(a / b),
  bigints: (a, b) => a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n),
};

/** What is left of {@link floorQuotient}: it has the sign of the divisor. */
export const floorRemainder: Division = {
  numbers: (a, b) => a - Math.floor(a / b) * b,
  bigints: (a, b) => a - floorQuotient.bigints(a, b) * b,
};

/** Cut towards zero. */
export const quotient: Division = {
  numbers: (a, b) => Math.trunc(a / b),
  bigints: (a, b) => a / b,
};

/** What is left of {@link quotient}: it has the sign of the dividend. */
export const remainder: Division = {
  numbers: (a, b) => a % b,
  bigints: (a, b) => a % b,
};

/** Divides whole numbers, broadcast against each other. A divisor of 0 fails the run, where the engine would end the process. */
export function divideIntegers({ numbers, bigints }: Division): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(0);
    if (!WHOLE_TYPES.includes(dtype) || operation.input(1).dtype !== dtype) {
      operation.refuse(`its inputs are ${dtype} and ${operation.input(1).dtype}`);
    }
    return {
      outputs: [dtype],
      run: ([a, b], clock) => [combineTwo(a as Tensor, b as Tensor, divideOne, clock)],
    };
  };

  function divideOne(a: unknown, b: unknown): number | bigint {
    if (typeof a === "bigint" && typeof b === "bigint" && b !== 0n) {
      return bigints(a, b);
    }
    if (typeof a === "number" && typeof b === "number" && b !== 0) {
      return numbers(a, b);
    }
    throw invalidArgument("Integer division by zero");
  }
}
