import { elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { integersOf } from "../integers.ts";
import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { wholeNumber } from "../scalar.ts";

/** Slices that are copied between two looks at the clock. */
const SLICES_BETWEEN_CHECKS = 2 ** 14;

/** GatherV2 with batch dimensions, or along an axis that is known only when the model runs. */
export const gatherBatches: MakeKernel = (operation) => {
  const { dtype } = operation.input(0);
  if (dtype.startsWith("complex") || dtype === "resource" || dtype === "variant") {
    operation.refuse(`it has batch dimensions or an axis that is not constant, and its input is ${dtype}`);
  }
  const batchDimensions = operation.integer("batch_dims", 0);
  return {
    outputs: [dtype],
    run: ([parameters, indices, axis], clock) => {
      const places = readPlaces(parameters as Tensor, indices as Tensor, {
        axis: axis === undefined ? 0 : wholeNumber(axis, "axis"),
        batchDimensions,
      });
      return [gather(parameters as Tensor, places, clock)];
    },
  };
};

interface Places {
  readonly shape: readonly number[];
  /** Numbers of: batches; slices in one of the outer axes; places to choose from; elements in a slice. */
  readonly batches: number;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** Places of all batches, one behind the other. */
  readonly indices: readonly number[];
}

/** @throws ServingError `INVALID_ARGUMENT` */
function readPlaces(
  { shape }: Tensor,
  indices: Tensor,
  given: { readonly axis: number; readonly batchDimensions: number },
): Places {
  const axis = given.axis < 0 ? given.axis + shape.length : given.axis;
  const shared = given.batchDimensions < 0 ? given.batchDimensions + indices.shape.length : given.batchDimensions;
  const size = shape[axis];
  const fits = shared >= 0 && shared <= axis && shared <= indices.shape.length;
  if (size === undefined || !fits || shape.slice(0, shared).some((length, at) => length !== indices.shape[at])) {
    throw invalidArgument(
      `params of shape [${shape.join(",")}] and indices of shape [${indices.shape.join(",")}] do not fit axis ${given.axis} with ${given.batchDimensions} batch dimensions`,
    );
  }
  const numbers = integersOf(indices, "Indices");
  const outside = numbers.find((index) => index < 0 || index >= size);
  if (outside !== undefined) {
    throw invalidArgument(`indices = ${outside} is not in [0, ${size})`);
  }
  return {
    shape: [...shape.slice(0, axis), ...indices.shape.slice(shared), ...shape.slice(axis + 1)],
    batches: elementCount(shape.slice(0, shared)),
    outer: elementCount(shape.slice(shared, axis)),
    size,
    inner: elementCount(shape.slice(axis + 1)),
    indices: numbers,
  };
}

function gather(
  { dtype, data }: Tensor,
  { shape, batches, outer, size, inner, indices }: Places,
  clock: Clock | undefined,
): Tensor {
  const length = elementCount(shape);
  new OutputBudget().take(dtype, length);
  const elements = makeElements(dtype, length);
  const perBatch = batches === 0 ? 0 : indices.length / batches;
  for (let slice = 0, slices = inner === 0 ? 0 : length / inner; slice < slices; slice++) {
    if (slice % SLICES_BETWEEN_CHECKS === 0) {
      clock?.expectTime();
    }
    const place = Math.floor(slice / perBatch);
    const batch = Math.floor(place / outer);
    const index = indices[batch * perBatch + (slice % perBatch)] as number;
    const from = (place * size + index) * inner;
    elements.copy(data, from, inner, slice * inner);
  }
  return { dtype, shape, data: elements.data };
}
