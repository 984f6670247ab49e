import { ServingError } from "@sealserve/protocol";

import { expectSizes, rowAt, stackRows } from "../../importer/lower-rows.ts";
import { mergeShapes, type PartialShape, readPartialShape } from "../../interpreter/tensor-list/partial-shape.ts";
import type { NodeOperation } from "../../saved-model/node-operation.ts";
import type { PlanAssembly } from "../assembly.ts";
import { type ListContent, made, type Origin, type UnmadeList } from "../origin.ts";

/** Plans an operation whose inputs are made. */
type PlanMade = (operation: NodeOperation<Origin>) => readonly Origin[];

/** Gives the outputs of an operation on lists without making them; undefined when they have to be made. */
type OnList = (
  operation: NodeOperation<Origin>,
  assembly: PlanAssembly,
  plan: PlanMade,
) => readonly Origin[] | undefined;

const fromTensor: OnList = (operation, _assembly, plan) => {
  const content = listKind(operation, 1);
  const rows = operation.input(0);
  return content && unmade({ ...content, kind: "rows", rows: () => rows }, operation, plan);
};

const reserve: OnList = (operation, _assembly, plan) => {
  const content = listKind(operation, 0);
  const length = operation.input(1);
  return content && unmade({ ...content, kind: "unset", length }, operation, plan);
};

/** What takes the handle of an array takes the list as well. */
const ARRAY_HANDLE: Origin = {
  kind: "constant",
  dtype: "int32",
  constant: { dtype: "int32", shape: [0], data: new Int32Array() },
};

const newArray: OnList = (operation, _assembly, plan) => {
  const kind = { elementType: operation.type("dtype"), elementShape: operation.shape("element_shape") };
  const content: ListContent = { ...kind, kind: "unset", length: operation.input(0) };
  return [ARRAY_HANDLE, ...unmade(content, operation, plan)];
};

const setItem: OnList = (operation, _assembly, plan) => {
  const [list, index, item] = operation.inputs;
  const grows = operation.flag("resize_if_index_out_of_bounds", false);
  if (list === undefined || index === undefined || item === undefined || grows || !holds(list, "unset", operation)) {
    return undefined;
  }
  return item.dtype === list.content.elementType
    ? unmade({ ...list.content, kind: "set", list, index, item }, operation, plan)
    : undefined;
};

/** In a loop whose turns take one row after the other. */
const getItem: OnList = (operation, assembly) => {
  const [list, index] = operation.inputs;
  if (list === undefined || index?.kind !== "run" || index.counts !== true || !holds(list, "rows", operation)) {
    return undefined;
  }
  const shape = commonShape(list.content, operation, 2);
  return shape === null
    ? undefined
    : assembly.lower(operation.on([list.content.rows(), index]), (entry, graph) =>
        expectSizes(rowAt(entry.input(0), entry.input(1), graph), shape ?? [], graph),
      );
};

const stack: OnList = (operation, assembly) => {
  const list = operation.input(0);
  if (!holds(list, "rows", operation)) {
    return undefined;
  }
  const shape = commonShape(list.content, operation, 1);
  const count = operation.integer("num_elements", -1);
  return shape === null
    ? undefined
    : assembly.lower(operation.on([list.content.rows()]), (rows, graph) =>
        stackRows(rows.input(0), count, shape, graph),
      );
};

const operations: ReadonlyMap<string, OnList> = new Map([
  ["TensorArrayV3", newArray],
  ["TensorListFromTensor", fromTensor],
  ["TensorListGetItem", getItem],
  ["TensorListReserve", reserve],
  ["TensorListSetItem", setItem],
  ["TensorListStack", stack],
]);

/**
 * Plans an operation on a list without making it, where that can be done: lists of rows are mostly the form in which a loop
 * takes and gives tensors.
 * @param plan plans an operation in the usual way, once it turns out that its list has to be made
 */
export function planOnList(
  operation: NodeOperation<Origin>,
  assembly: PlanAssembly,
  plan: PlanMade,
): readonly Origin[] | undefined {
  return operations.get(operation.node.op)?.(operation, assembly, plan);
}

function listKind(
  operation: NodeOperation<Origin>,
  shapeAt: number,
): Pick<ListContent, "elementType" | "elementShape"> | undefined {
  const elementShape = constantShape(operation, shapeAt);
  return elementShape === null ? undefined : { elementType: operation.type("element_dtype"), elementShape };
}

/** The shape of elements that an input gives; null when it is computed, or none. */
function constantShape(operation: NodeOperation<Origin>, position: number): PartialShape | null {
  const input = operation.input(position);
  return input.kind === "constant" ? orNull(() => readPartialShape(input.constant)) : null;
}

/** The shape that both the list and an input say; null when they contradict each other, or none is known. */
function commonShape(
  { elementShape }: ListContent,
  operation: NodeOperation<Origin>,
  position: number,
): PartialShape | null {
  const given = constantShape(operation, position);
  return given === null ? null : orNull(() => mergeShapes(elementShape, given));
}

/** What fails here fails the run, where the list is made. */
function orNull(shape: () => PartialShape): PartialShape | null {
  try {
    return shape();
  } catch (error) {
    if (error instanceof ServingError) {
      return null;
    }
    throw error;
  }
}

function holds<Kind extends ListContent["kind"]>(
  list: Origin,
  kind: Kind,
  operation: NodeOperation<Origin>,
): list is UnmadeList & { readonly content: ListContent & { readonly kind: Kind } } {
  return (
    list.kind === "list" && list.content.kind === kind && list.content.elementType === operation.type("element_dtype")
  );
}

function unmade(content: ListContent, operation: NodeOperation<Origin>, plan: PlanMade): readonly [UnmadeList] {
  return [listOf(content, () => plan(operation.withInputs(made))[0] as Origin)];
}

/** @param make makes the list the first time that it is needed */
export function listOf(content: ListContent, make: () => Origin): UnmadeList {
  return { kind: "list", dtype: "variant", content, make: once(make) };
}

/** Gives what `make` gives the first time. */
export function once(make: () => Origin): () => Origin {
  let value: Origin | undefined;
  return () => {
    value ??= make();
    return value;
  };
}
