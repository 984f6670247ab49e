import { type DataType, makeNumbers, type Tensor } from "@sealserve/protocol";

import { type Elements, makeElements } from "../elements.ts";
import { int64Tensor } from "../integers.ts";
import type { OutputBudget } from "../output-budget.ts";
import type { DenseFeature, ListFeature, RaggedFeature } from "./feature-spec.ts";
import type { FeatureValues } from "./feature-values.ts";

/** The values of one feature in all Examples of a call. */
export interface Column {
  /** In the order of the Examples; undefined for those without values. */
  readonly values: readonly (FeatureValues | undefined)[];
  /** Whether the call has one Example instead of a list: its tensors then have no dimension for Examples. */
  readonly isScalar: boolean;
}

/** The tensor of a dense feature: Examples without it get its default. The numbers of values have been checked. */
export function fixedTensor(feature: DenseFeature, { values, isScalar }: Column, budget: OutputBudget): Tensor {
  const { dtype, shape, stride, fallback } = feature;
  const elements = makeBounded(dtype, values.length * stride, budget);
  for (const [example, list] of values.entries()) {
    elements.set(list?.data ?? fallback.data, example * stride);
  }
  return { dtype, shape: isScalar ? shape : [values.length, ...shape], data: elements.data };
}

/** The tensor of a dense feature with any number of steps: Examples are padded to the longest of them. */
export function paddedTensor(feature: DenseFeature, { values, isScalar }: Column, budget: OutputBudget): Tensor {
  const { dtype, shape, stride, fallback } = feature;
  const steps = longest(values) / stride;
  const elements = makeBounded(dtype, values.length * steps * stride, budget);
  elements.fill(fallback.data);
  for (const [example, list] of values.entries()) {
    if (list !== undefined) {
      elements.set(list.data, example * steps * stride);
    }
  }
  const inner = [steps, ...shape.slice(1)];
  return { dtype, shape: isScalar ? inner : [values.length, ...inner], data: elements.data };
}

/** Indices, values and dense shape of a sparse tensor with a row for each Example. */
export function sparseTensors({ dtype }: ListFeature, column: Column, budget: OutputBudget): SparseTensors {
  const { values, isScalar } = column;
  const rank = isScalar ? 1 : 2;
  const counts = values.map(countOf);
  const data = joinValues(dtype, column, budget);
  budget.take("int64", data.length * rank);
  const indices: number[] = [];
  for (let example = 0; example < counts.length; example++) {
    for (let index = 0; index < (counts[example] as number); index++) {
      if (!isScalar) {
        indices.push(example);
      }
      indices.push(index);
    }
  }
  const sizes = isScalar ? [longest(values)] : [values.length, longest(values)];
  return {
    indices: int64Tensor([data.length, rank], indices),
    values: { dtype, shape: [data.length], data },
    shape: int64Tensor([rank], sizes),
  };
}

/** The three tensors that stand for a sparse one. */
export interface SparseTensors {
  /** A row for each value, with its place in each dimension. */
  readonly indices: Tensor;
  readonly values: Tensor;
  /** The size of each dimension. */
  readonly shape: Tensor;
}

/** Values of all Examples, and where those of each begin, with the end of the last one. */
export function raggedTensors(
  { dtype, splitType }: RaggedFeature,
  column: Column,
  budget: OutputBudget,
): { readonly values: Tensor; readonly splits: Tensor } {
  const data = joinValues(dtype, column, budget);
  const length = column.values.length + 1;
  budget.take(splitType, length);
  const splits = makeNumbers(splitType, length);
  let end = 0;
  for (const [example, list] of column.values.entries()) {
    end += countOf(list);
    splits[example + 1] = splitType === "int64" ? BigInt(end) : end;
  }
  return {
    values: { dtype, shape: [data.length], data },
    splits: { dtype: splitType, shape: [length], data: splits },
  };
}

function joinValues(dtype: DataType, { values }: Column, budget: OutputBudget): Tensor["data"] {
  const total = values.reduce((sum, list) => sum + countOf(list), 0);
  const elements = makeBounded(dtype, total, budget);
  let at = 0;
  for (const { data } of values.filter((list) => list !== undefined)) {
    elements.set(data, at);
    at += data.length;
  }
  return elements.data;
}

function makeBounded(dtype: DataType, length: number, budget: OutputBudget): Elements {
  budget.take(dtype, length);
  return makeElements(dtype, length);
}

function longest(values: Column["values"]): number {
  return values.reduce((most, list) => Math.max(most, countOf(list)), 0);
}

function countOf(list: FeatureValues | undefined): number {
  return list?.data.length ?? 0;
}
