import { encodeUtf8 } from "@sealserve/core";
import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { concatenate, expectStrings, stringsOf } from "./strings.ts";

/** StringJoin: joins tensors of one shape element by element; a scalar stands for a tensor of its value. */
export const joinStrings: MakeKernel = (operation) => {
  expectStrings(operation, [...operation.inputs.keys()]);
  const separator = encodeUtf8(operation.text("separator", ""));
  return {
    outputs: ["string"],
    run: (inputs) => {
      const shape = commonShape(inputs);
      const count = inputs.find((input) => input.shape.length > 0)?.data.length ?? 1;
      const budget = new OutputBudget();
      budget.takeStrings(count);
      const data = Array.from({ length: count }, (_, index) => {
        const parts = inputs.map((input) => stringsOf(input)[input.shape.length === 0 ? 0 : index] as Uint8Array);
        return concatenate(parts, separator, budget);
      });
      return [{ dtype: "string", shape, data }];
    },
  };
};

/** @throws ServingError `INVALID_ARGUMENT` */
function commonShape(inputs: readonly Tensor[]): readonly number[] {
  const [shape = [], ...others] = inputs.map((input) => input.shape).filter(({ length }) => length > 0);
  const other = others.find((candidate) => candidate.join() !== shape.join());
  if (other !== undefined) {
    throw invalidArgument(`Input shapes do not match: [${shape.join(",")}] vs. [${other.join(",")}]`);
  }
  return shape;
}
