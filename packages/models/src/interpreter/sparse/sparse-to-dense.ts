import { invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { coordinatesWithin, positionsOf, readShape, volume } from "./coordinates.ts";

/** SparseToDense: a default everywhere but in some places. */
export const sparseToDense: MakeKernel = (operation) => {
  const { dtype } = operation.input(2);
  const inOrder = operation.flag("validate_indices", true);
  return {
    outputs: [dtype],
    run: ([indices, outputShape, values, fallback]) => {
      const shape = readShape(outputShape);
      const positions = readPositions(indices as Tensor, shape, inOrder);
      expectValues(values as Tensor, fallback as Tensor, positions.length);
      new OutputBudget().take(dtype, volume(shape));
      const elements = makeElements(dtype, volume(shape));
      elements.fill((fallback as Tensor).data);
      const { data } = values as Tensor;
      const isOne = values?.shape.length === 0;
      for (let index = 0; index < positions.length; index++) {
        elements.copy(data, isOne ? 0 : index, 1, positions[index] as number);
      }
      return [{ dtype, shape, data: elements.data }];
    },
  };
};

/** Indices are a matrix, a vector of positions in a vector, or one such position. */
function readPositions(indices: Tensor, shape: readonly number[], inOrder: boolean): number[] {
  const [count = 1, width = 1] = indices.shape;
  if (indices.shape.length > 2 || width !== shape.length) {
    throw invalidArgument(`Indices of shape [${indices.shape.join(",")}] do not fit a shape of rank ${shape.length}`);
  }
  const positions = positionsOf(coordinatesWithin(indices, count, shape));
  const wrong = inOrder
    ? positions.findIndex((position, index) => index > 0 && position <= (positions[index - 1] ?? 0))
    : -1;
  if (wrong >= 0) {
    throw invalidArgument(`indices[${wrong}] is out of order or repeated`);
  }
  return positions;
}

function expectValues(values: Tensor, fallback: Tensor, count: number): void {
  const fits = values.shape.length === 0 || (values.shape.length === 1 && values.data.length === count);
  if (!fits || fallback.shape.length > 0) {
    throw invalidArgument(`SparseToDense takes ${count} values and one default value`);
  }
}
