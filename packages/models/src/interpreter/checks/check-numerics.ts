import { invalidArgument, isNumberData, type Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";

/** CheckNumerics: hands its input on unless it has an element that is no finite number. */
export const checkNumerics: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (dtype !== "float32" && dtype !== "float64") {
    operation.refuse(`its input is ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: ([tensor]) => {
      const { data } = tensor as Tensor;
      if (isNumberData(data) && !data.every((value: number | bigint) => Number.isFinite(Number(value)))) {
        throw invalidArgument("a tensor that the model checks has NaN or infinite values for these inputs");
      }
      return [tensor as Tensor];
    },
  };
};
