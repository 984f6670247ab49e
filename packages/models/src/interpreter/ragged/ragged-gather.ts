import { elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import { makeElements } from "../elements.ts";
import { integersOf } from "../integers.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { readLevels, splitsOfLengths, splitTensor, splitType } from "./split-levels.ts";

/** Rows of something, from a start to before an end. */
type Range = readonly [start: number, end: number];

/** RaggedGather: picks rows of a ragged tensor. Indices of several dimensions make ragged dimensions that are all as long. */
export const raggedGather: MakeKernel = (operation) => {
  const levels = operation.integer("PARAMS_RAGGED_RANK", operation.inputs.length - 2);
  const values = operation.input(levels);
  const splits = splitType(operation.input(0).dtype, operation);
  const added = operation.integer("OUTPUT_RAGGED_RANK", levels) - levels;
  if (levels < 1 || added < 0 || operation.inputs.length !== levels + 2) {
    operation.refuse(`it has ${levels} ragged dimensions, and ${added} more behind it`);
  }
  return {
    outputs: [...Array(levels + added).fill(splits), values.dtype],
    run: (inputs) => {
      const [given, indices] = inputs.slice(levels) as [Tensor, Tensor];
      if (indices.shape.length !== added + 1) {
        throw invalidArgument(`indices must have ${added + 1} dimensions, not ${indices.shape.length}`);
      }
      const params = readLevels(inputs.slice(0, levels), given);
      const budget = new OutputBudget();
      const uniform = indices.shape.slice(1).map((size, axis) => {
        const rows = elementCount(indices.shape.slice(0, axis + 1));
        budget.take(splits, rows + 1);
        return splitsOfLengths(Array(rows).fill(size));
      });
      const picked = pickRows(params, integersOf(indices, "indices"), budget);
      const tensors = [...uniform, ...picked.splits].map((level) => splitTensor(splits, level));
      return [...tensors, copyRanges(given, picked.ranges, budget)];
    },
  };
};

function pickRows(
  params: readonly (readonly number[])[],
  indices: readonly number[],
  budget: OutputBudget,
): { splits: number[][]; ranges: readonly Range[] } {
  const rows = (params[0]?.length ?? 1) - 1;
  const outside = indices.find((index) => index < 0 || index >= rows);
  if (outside !== undefined) {
    throw invalidArgument(`indices ${outside} is not in [0, ${rows})`);
  }
  let ranges: readonly Range[] = indices.map((index) => [index, index + 1]);
  const splits = params.map((level) => {
    budget.take(
      "int64",
      ranges.reduce((total, [start, end]) => total + end - start, 1),
    );
    const lengths = ranges.flatMap(([start, end]) =>
      Array.from({ length: end - start }, (_, row) => (level[start + row + 1] ?? 0) - (level[start + row] ?? 0)),
    );
    ranges = ranges.map(([start, end]) => [level[start] ?? 0, level[end] ?? 0]);
    return splitsOfLengths(lengths);
  });
  return { splits, ranges };
}

function copyRanges({ dtype, shape, data }: Tensor, ranges: readonly Range[], budget: OutputBudget): Tensor {
  const inner = shape.slice(1);
  const width = elementCount(inner);
  const rows = ranges.reduce((total, [start, end]) => total + end - start, 0);
  budget.take(dtype, rows * width);
  const elements = makeElements(dtype, rows * width);
  let offset = 0;
  for (const [start, end] of ranges) {
    elements.set(data.slice(start * width, end * width), offset);
    offset += (end - start) * width;
  }
  return { dtype, shape: [rows, ...inner], data: elements.data };
}
