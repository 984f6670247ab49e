import { elementCount, invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import { makeElements } from "../elements.ts";
import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { type PartialShape, readPartialShape } from "../tensor-list/partial-shape.ts";
import { type PartitionType, readSplits } from "./row-partitions.ts";

/** Position of the first partition among the inputs, behind the shape, the values and the default. */
const PARTITIONS_AT = 3;
const PARTITION_TYPES: ReadonlySet<string> = new Set<PartitionType>(["FIRST_DIM_SIZE", "VALUE_ROWIDS", "ROW_SPLITS"]);

/** RaggedTensorToTensor: rows of different length as a dense tensor, cut or filled up with a default. */
export const raggedToTensor: MakeKernel = (operation) => {
  const { dtype } = operation.input(1);
  const types = readTypes(operation);
  return {
    outputs: [dtype],
    run: ([wanted, given, fallback, ...partitions]) => {
      const values = given as Tensor;
      if (values.shape.length === 0) {
        throw invalidArgument("the values of a ragged tensor must have at least one dimension");
      }
      const splits = readSplits(types, partitions, values.shape[0] ?? 0);
      const inner = values.shape.slice(1);
      const shape = outputShape(splits, inner, readPartialShape(wanted as Tensor));
      new OutputBudget().take(dtype, elementCount(shape));
      return [fillIn(values, fallback as Tensor, splits, shape)];
    },
  };
};

function readTypes(operation: NodeOperation<KnownInput>): PartitionType[] {
  const types = operation.texts("row_partition_types");
  const unknown = types.find((type) => !PARTITION_TYPES.has(type));
  const known = unknown === undefined ? types : operation.refuse(`its row partition is ${unknown}`);
  if (operation.inputs.length !== PARTITIONS_AT + known.length) {
    operation.refuse("it has another number of partitions than of their types");
  }
  return known as PartitionType[];
}

/** Sizes that are wanted, else those that hold everything. @throws ServingError `INVALID_ARGUMENT` */
function outputShape(splits: readonly number[][], inner: readonly number[], wanted: PartialShape): number[] {
  const longest = splits.map((level) =>
    level.reduce((most, split, row) => Math.max(most, split - (level[row - 1] ?? split)), 0),
  );
  const natural = [(splits[0]?.length ?? 1) - 1, ...longest, ...inner];
  if (wanted === undefined) {
    return natural;
  }
  const ragged = longest.length + 1;
  const fits =
    wanted.length === natural.length &&
    wanted.every((size, axis) => axis < ragged || size < 0 || size === natural[axis]);
  if (!fits) {
    throw invalidArgument(`a ragged tensor of shape [${natural.join(",")}] does not fit [${wanted.join(",")}]`);
  }
  return natural.map((size, axis) => ((wanted[axis] ?? -1) < 0 ? size : (wanted[axis] as number)));
}

function fillIn(values: Tensor, fallback: Tensor, splits: readonly number[][], shape: readonly number[]): Tensor {
  const { dtype } = values;
  const inner = elementCount(shape.slice(splits.length + 1));
  const elements = makeElements(dtype, elementCount(shape));
  fillWithDefault(elements, fallback, shape, values.shape.slice(1));
  const strides = splits.map((_, level) => elementCount(shape.slice(level + 2)));
  const rowSize = elementCount(shape.slice(1));
  const place = (level: number, row: number, offset: number): void => {
    const [start = 0, end = 0] = [splits[level]?.[row], splits[level]?.[row + 1]];
    const count = Math.min(end - start, shape[level + 1] ?? 0);
    if (level === splits.length - 1) {
      elements.copy(values.data, start * inner, count * inner, offset);
      return;
    }
    for (let index = 0; index < count; index++) {
      place(level + 1, start + index, offset + index * (strides[level] ?? 0));
    }
  };
  const rows = Math.min((splits[0]?.length ?? 1) - 1, shape[0] ?? 0);
  for (let row = 0; row < rows; row++) {
    place(0, row, row * rowSize);
  }
  return { dtype, shape, data: elements.data };
}

/** The default is one value, or has the shape of the dense dimensions. */
function fillWithDefault(
  elements: ReturnType<typeof makeElements>,
  { shape, data }: Tensor,
  whole: readonly number[],
  inner: readonly number[],
): void {
  if (data.length === 1) {
    elements.fill(data);
    return;
  }
  if (shape.join() !== inner.join()) {
    throw invalidArgument(`the default of a ragged tensor has shape [${shape.join(",")}], not [${inner.join(",")}]`);
  }
  for (let offset = 0; offset < elementCount(whole); offset += data.length) {
    elements.set(data, offset);
  }
}
