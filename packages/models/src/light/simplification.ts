import type { Tensor } from "@sealserve/protocol";

import type { LightStep } from "./light-graph.ts";

interface Steps {
  /** Number of inputs; values are numbered as in a light graph. */
  readonly inputs: number;
  readonly constants: readonly Tensor[];
  readonly steps: readonly LightStep[];
}

/**
 * Whether the engine's optimiser (onnxruntime, core/optimizer) may change what steps give when it makes fewer of them: it works
 * out what is made of constants alone, leaves out the addition of a zero, which turns -0 into 0, and of 1 / x * y it makes
 * y / x, which is rounded once. Which of these it does depends on shapes and on what stands between, so that none is taken.
 */
export function mayBeSimplified({ inputs, constants, steps }: Steps): boolean {
  const first = inputs + constants.length;
  const constantOf = (number = -1): Tensor | undefined => {
    const step = steps[number - first];
    return step?.operation === "Identity" ? constantOf(step.operands[0]) : constants[number - inputs];
  };
  const isOfConstants = steps.some(
    ({ operation, operands }) => operation !== "Identity" && operands.every((each) => constantOf(each) !== undefined),
  );
  const addsZero = steps.some(
    ({ operation, operands }) =>
      (operation === "Add" || operation === "Sub") && operands.some((each) => holds(constantOf(each), 0)),
  );
  const inverts = steps.some(({ operation, operands }) => operation === "Div" && holds(constantOf(operands[0]), 1));
  return isOfConstants || addsZero || (inverts && steps.some(({ operation }) => operation === "Mul"));
}

/** Whether one of a constant's elements is a number. */
function holds(constant: Tensor | undefined, wanted: number): boolean {
  return constant !== undefined && Array.from<unknown>(constant.data).some((value) => value === wanted);
}
