import { invalidArgument } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";

/** Assert: ends the run unless all of its condition holds. What it would print is request data, and is left out. */
export const assertTrue: MakeKernel = (operation) => {
  if (operation.input(0).dtype !== "bool") {
    operation.refuse(`its condition is ${operation.input(0).dtype}`);
  }
  return {
    outputs: [],
    run: ([condition]) => {
      if (Array.from<unknown>(condition?.data ?? [0]).some((value) => Number(value) === 0)) {
        throw invalidArgument("an assertion of the model does not hold for the inputs");
      }
      return [];
    },
  };
};
