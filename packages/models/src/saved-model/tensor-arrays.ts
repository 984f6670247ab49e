import { type AttrValue, encodeTensor, type Tensor } from "@sealserve/protocol";

import type { FlatNode, FlatSource } from "./flat-graph.ts";

/** An operation on an array of tensors as one on a list: the list goes where TensorFlow hands a number on to keep order. */
interface OnList {
  readonly op: string;
  /** Where its inputs are among those of the operation on the array, and the shape of the elements. */
  readonly inputs: readonly (number | "any shape" | "own shape")[];
  /** Its attributes, by what the operation on the array calls them. */
  readonly attributes?: Readonly<Record<string, string>>;
}

const operations: ReadonlyMap<string, OnList> = new Map([
  ["TensorArrayCloseV3", { op: "NoOp", inputs: [] }],
  [
    "TensorArrayConcatV3",
    {
      op: "TensorListConcat",
      inputs: [1],
      attributes: { element_dtype: "dtype", element_shape: "element_shape_except0" },
    },
  ],
  [
    "TensorArrayGatherV3",
    { op: "TensorListGather", inputs: [2, 1, "own shape"], attributes: { element_dtype: "dtype" } },
  ],
  [
    "TensorArrayReadV3",
    { op: "TensorListGetItem", inputs: [2, 1, "any shape"], attributes: { element_dtype: "dtype" } },
  ],
  [
    "TensorArrayScatterV3",
    { op: "TensorListScatterIntoExistingList", inputs: [3, 2, 1], attributes: { element_dtype: "T" } },
  ],
  ["TensorArraySizeV3", { op: "TensorListLength", inputs: [1] }],
  ["TensorArraySplitV3", { op: "TensorListSplit", inputs: [1, "any shape", 2], attributes: { element_dtype: "T" } }],
  ["TensorArrayWriteV3", { op: "TensorListSetItem", inputs: [3, 1, 2], attributes: { element_dtype: "T" } }],
]);

/** The operations on arrays of tensors, those that make one apart. */
export function arrayOperations(): Iterable<string> {
  return operations.keys();
}

/**
 * An operation on an array of tensors, which TensorFlow 1 changes in place, as one on a list, which is a value. What has been
 * written is seen by what takes the number that the writing gives, and the list takes that number's place.
 * @returns the operation behind the constants that it takes; any other operation as it is
 */
export function asListOperation(node: FlatNode): readonly FlatNode[] {
  const onList = operations.get(node.op);
  if (onList === undefined) {
    return [node];
  }
  const constants: FlatNode[] = [];
  const inputs = onList.inputs.flatMap((input): FlatSource[] => {
    if (typeof input === "number") {
      const source = node.inputs[input];
      return source === undefined ? [] : [source];
    }
    const shape = shapeNode(node, input === "own shape" ? node.attribute("element_shape") : undefined);
    constants.push(shape);
    return [{ node: shape, output: 0 }];
  });
  const { attributes = {} } = onList;
  const attribute = (name: string): AttrValue | undefined => node.attribute(attributes[name] ?? name);
  return [...constants, { ...node, op: onList.op, inputs, attribute }];
}

/** A constant that says the shape of elements. */
function shapeNode({ name }: FlatNode, attribute: AttrValue | undefined): FlatNode {
  const shape = attribute?.shape;
  const sizes = shape === undefined || shape.unknownRank ? undefined : shape.dim.map(({ size }) => Number(size));
  const tensor: Tensor = {
    dtype: "int32",
    shape: sizes === undefined ? [] : [sizes.length],
    data: Int32Array.from(sizes ?? [-1]),
  };
  const value: AttrValue = { tensor: encodeTensor(tensor) };
  return {
    name: `${name}/element_shape`,
    op: "Const",
    inputs: [],
    controls: [],
    attribute: (key) => (key === "value" ? value : undefined),
  };
}
