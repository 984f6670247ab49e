import { elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";

/** ConcatV2 along an axis that a request brings. */
export const concatenateAlong: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  return {
    outputs: [dtype],
    run: (inputs) => {
      const parts = inputs.slice(0, -1);
      const [{ shape }] = parts as [Tensor];
      const given = wholeNumber(inputs.at(-1), "axis");
      const axis = given < 0 ? given + shape.length : given;
      if (axis < 0 || axis >= shape.length) {
        throw invalidArgument(`axis ${given} is not one of ${shape.length} dimensions`);
      }
      expectSame(parts, axis);
      const sizes = parts.map((part) => part.shape[axis] ?? 0);
      const whole = shape.with(
        axis,
        sizes.reduce((total, size) => total + size, 0),
      );
      new OutputBudget().take(dtype, elementCount(whole));
      const elements = makeElements(dtype, elementCount(whole));
      let offset = 0;
      for (let row = 0; row < elementCount(shape.slice(0, axis)); row++) {
        for (const { shape: own, data } of parts) {
          const length = elementCount(own.slice(axis));
          elements.set(data.slice(row * length, (row + 1) * length), offset);
          offset += length;
        }
      }
      return [{ dtype, shape: whole, data: elements.data }];
    },
  };
};

function expectSame(parts: readonly Tensor[], axis: number): void {
  const others = new Set(parts.map(({ shape }) => `${shape.length}:${shape.toSpliced(axis, 1).join()}`));
  if (others.size > 1) {
    throw invalidArgument(
      `ConcatOp : Dimensions of inputs should match: ${parts.map(({ shape }) => `[${shape.join()}]`).join(" and ")}`,
    );
  }
}
