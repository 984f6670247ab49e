import { invalidArgument, type Tensor } from "@sealserve/protocol";
import { integersOf, integerVector } from "../integers.ts";
import { OutputBudget } from "../output-budget.ts";

/** How a node says where the rows of a ragged dimension begin. */
export type PartitionType = "FIRST_DIM_SIZE" | "VALUE_ROWIDS" | "ROW_SPLITS";

/**
 * Where the rows of each ragged dimension begin and where the last one ends, outermost dimension first.
 * @param types of the tensors, which a number of rows may stand before
 * @param values number of rows of the innermost values
 * @throws ServingError `INVALID_ARGUMENT` for rows that do not follow each other, or that do not fit the level inside
 */
export function readSplits(types: readonly PartitionType[], tensors: readonly Tensor[], values: number): number[][] {
  const splits: number[][] = [];
  let rows: number | undefined;
  for (const [index, type] of types.entries()) {
    const tensor = tensors[index];
    if (type === "FIRST_DIM_SIZE") {
      rows = integersOf(tensor, "The number of rows")[0];
      continue;
    }
    const level = type === "ROW_SPLITS" ? expectSplits(tensor) : splitsOfIds(tensor, rows);
    expectRows(level, rows);
    splits.push(level);
    rows = level.at(-1) ?? 0;
  }
  if (rows !== values) {
    throw invalidArgument(`the partition of a ragged tensor has ${rows} values, and there are ${values}`);
  }
  return splits;
}

function expectSplits(tensor: Tensor | undefined): number[] {
  const splits = integerVector(tensor, "Row splits");
  if (splits[0] !== 0 || splits.some((split, index) => split < (splits[index - 1] ?? 0))) {
    throw invalidArgument("row splits must begin with 0 and not decrease");
  }
  return splits;
}

function splitsOfIds(tensor: Tensor | undefined, rows = 0): number[] {
  const ids = integerVector(tensor, "Value rowids");
  const outside = ids.some((id, index) => id < (ids[index - 1] ?? 0) || id >= rows);
  if (rows < 0 || rows > Number.MAX_SAFE_INTEGER || outside) {
    throw invalidArgument("value rowids must not decrease, and be below the number of rows");
  }
  new OutputBudget().take("int64", rows + 1);
  const splits = [0];
  let next = 0;
  for (let row = 0; row < rows; row++) {
    while (next < ids.length && ids[next] === row) {
      next++;
    }
    splits.push(next);
  }
  return splits;
}

function expectRows(splits: readonly number[], rows: number | undefined): void {
  if (rows !== undefined && splits.length !== rows + 1) {
    throw invalidArgument(`a ragged dimension has ${splits.length - 1} rows, and the one around it ${rows} values`);
  }
}
