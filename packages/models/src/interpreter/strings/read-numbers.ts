import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { parseNumber } from "./parse-number.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** StringToNumber: the number that each string spells. */
export const readNumbers: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const dtype = operation.type("out_type", "float32");
  return {
    outputs: [dtype],
    run: ([tensor]) => {
      const strings = stringsOf(tensor);
      new OutputBudget().take(dtype, strings.length);
      const elements = makeElements(dtype, strings.length);
      for (const [index, string] of strings.entries()) {
        const number = parseNumber(dtype, Buffer.from(string).toString("latin1"));
        if (number === undefined) {
          throw invalidArgument(`StringToNumberOp could not correctly convert a string to ${dtype}`);
        }
        elements.set(number, index);
      }
      return [{ dtype, shape: (tensor as Tensor).shape, data: elements.data }];
    },
  };
};
