import { type DataType, invalidArgument, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";

import { FLOATS } from "../float-types.ts";
import { type Fold, fold, LARGER, SUM } from "../fold.ts";
import { integerVector } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { type Coordinates, positionOf, readCoordinates, volume } from "./coordinates.ts";

const REDUCIBLE: readonly DataType[] = [...FLOATS, "int32", "int64"];

/** SparseReduceSum and SparseReduceMax: the values along some axes as one; 0 where there is none. */
function reducing(combination: Fold): MakeKernel {
  return (operation) => {
    const { dtype } = operation.input(1);
    const keepsAxes = operation.flag("keep_dims", false);
    if (!REDUCIBLE.includes(dtype)) {
      operation.refuse(`its values are ${dtype}`);
    }
    return {
      outputs: [dtype],
      run: ([indices, values, denseShape, axes]) => {
        const coordinates = readCoordinates(indices, denseShape);
        const reduced = reducedAxes(axes, coordinates.shape.length);
        const result = reduceValues(coordinates, values as Tensor, reduced, combination);
        const whole = coordinates.shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
        return [keepsAxes ? { ...result, shape: whole } : result];
      },
    };
  };
}

/** @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED` */
function reduceValues(
  { count, numbers, shape }: Coordinates,
  { dtype, data }: Tensor,
  reduced: ReadonlySet<number>,
  combination: Fold,
): Tensor {
  if (data.length !== count || !isNumberData(data)) {
    throw invalidArgument(`Expected a value for each of ${count} indices`);
  }
  const kept = [...shape.keys()].filter((axis) => !reduced.has(axis));
  const sizes = kept.map((axis) => shape[axis] as number);
  new OutputBudget().take(dtype, volume(sizes));
  const results = makeNumbers(dtype, volume(sizes));
  const isSet = new Set<number>();
  for (let place = 0; place < count; place++) {
    const inKept = kept.map((axis) => numbers[place * shape.length + axis] as number);
    const at = positionOf(inKept, sizes);
    const coming = data[place];
    results[at] = (isSet.has(at) ? fold(combination, results[at], coming) : coming) as never;
    isSet.add(at);
  }
  return { dtype, shape: sizes, data: results };
}

/** @throws ServingError `INVALID_ARGUMENT` */
function reducedAxes(axes: Tensor | undefined, rank: number): ReadonlySet<number> {
  const flat = axes?.shape.length === 0 ? { ...axes, shape: [1] } : axes;
  const given = integerVector(flat, "Reduction axes");
  const outside = given.find((axis) => axis < -rank || axis >= rank);
  if (outside !== undefined) {
    throw invalidArgument(`Invalid reduction dimension ${outside}, for input with ${rank} dimensions.`);
  }
  return new Set(given.map((axis) => (axis + rank) % rank));
}

export const reduceSparseSum: MakeKernel = reducing(SUM);
export const reduceSparseMax: MakeKernel = reducing(LARGER);
