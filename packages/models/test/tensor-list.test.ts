import assert from "node:assert/strict";
import { test } from "node:test";

import type { DataType, Tensor } from "@sealserve/protocol";

import { constantNode, node, shapeAttr, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const index = (value: number): Tensor => int32s([], [value]);
const anyShape = int32s([], [-1]);

function run(op: string, inputs: readonly Tensor[], dtype: DataType = "float32", attributes = {}): Tensor[] {
  const types = inputs.map((input) => input.dtype);
  return [...makeKernel(op, types, { element_dtype: typeAttr(dtype), ...attributes }).run(inputs)];
}

const first = (op: string, inputs: readonly Tensor[], dtype?: DataType, attributes = {}): Tensor =>
  run(op, inputs, dtype, attributes)[0] as Tensor;
const listOfRows = first("TensorListFromTensor", [floats([3, 2], [1, 2, 3, 4, 5, 6]), int32s([1], [2])]);
const reserved = (shape: readonly number[], length: number) =>
  first("TensorListReserve", [int32s([shape.length], shape), index(length)]);

test("a list of a tensor's rows stacks to the tensor again", () => {
  assert.deepEqual(first("TensorListStack", [listOfRows, anyShape]), floats([3, 2], [1, 2, 3, 4, 5, 6]));
  assert.deepEqual(first("TensorListGetItem", [listOfRows, index(1), anyShape]), floats([2], [3, 4]));
  assert.deepEqual(first("TensorListLength", [listOfRows]), index(3));
  const words = first("TensorListFromTensor", [texts(["a", "b"]), int32s([0], [])], "string");
  assert.deepEqual(first("TensorListStack", [words, anyShape], "string"), texts(["a", "b"]));
});

test("setting an element leaves the list itself as it was", () => {
  const changed = first("TensorListSetItem", [listOfRows, index(0), floats([2], [8, 9])]);
  assert.deepEqual(first("TensorListGetItem", [changed, index(0), anyShape]), floats([2], [8, 9]));
  assert.deepEqual(first("TensorListGetItem", [listOfRows, index(0), anyShape]), floats([2], [1, 2]));
});

test("elements that are not set are zeros of the shape that is known", () => {
  const list = reserved([-1, 2], 2);
  const half = first("TensorListSetItem", [list, index(1), floats([1, 2], [5, 6])]);
  assert.deepEqual(first("TensorListStack", [half, anyShape]), floats([2, 1, 2], [0, 0, 5, 6]));
  assert.deepEqual(first("TensorListGetItem", [half, index(0), anyShape]), floats([1, 2], [0, 0]));
  assert.deepEqual(
    first("TensorListGetItem", [list, index(0), int32s([2], [3, 2])]),
    floats([3, 2], [0, 0, 0, 0, 0, 0]),
  );
  assert.throws(() => run("TensorListGetItem", [list, index(0), anyShape]), invalid(/not fully defined/));
  assert.throws(() => run("TensorListStack", [list, anyShape]), invalid(/not fully defined/));
});

test("lists grow and shrink at their end", () => {
  const empty = first("EmptyTensorList", [int32s([1], [1]), index(-1)]);
  const one = first("TensorListPushBack", [empty, floats([1], [7])]);
  const [rest, last] = run("TensorListPopBack", [one, anyShape]);
  assert.deepEqual(last, floats([1], [7]));
  assert.deepEqual(first("TensorListLength", [rest as Tensor]), index(0));
  assert.throws(() => run("TensorListPopBack", [empty, anyShape]), invalid(/element -1 in a list with 0/));
  const longer = first("TensorListResize", [one, index(2)]);
  assert.deepEqual(first("TensorListStack", [longer, anyShape]), floats([2, 1], [7, 0]));
  assert.deepEqual(
    first("TensorListStack", [first("TensorListResize", [listOfRows, index(1)]), anyShape]),
    floats([1, 2], [1, 2]),
  );
  const grown = first("TensorListSetItem", [one, index(2), floats([1], [9])], "float32", {
    resize_if_index_out_of_bounds: { b: true },
  });
  assert.deepEqual(first("TensorListStack", [grown, anyShape]), floats([3, 1], [7, 0, 9]));
});

test("indices, shapes, types and lengths that do not fit are refused", () => {
  assert.throws(
    () => run("TensorListGetItem", [listOfRows, index(3), anyShape]),
    invalid(/element 3 in a list with 3/),
  );
  assert.throws(() => run("TensorListGetItem", [listOfRows, index(-1), anyShape]), invalid(/element -1/));
  assert.throws(() => run("TensorListGetItem", [listOfRows, index(0), int32s([1], [3])]), invalid(/merge the shapes/));
  assert.throws(() => run("TensorListSetItem", [listOfRows, index(3), floats([2])]), invalid(/element 3/));
  assert.throws(() => run("TensorListSetItem", [listOfRows, index(0), floats([3])]), invalid(/merge the shapes/));
  assert.throws(() => run("TensorListPushBack", [listOfRows, floats([2, 1])]), invalid(/merge the shapes/));
  assert.throws(
    () => run("TensorListGetItem", [listOfRows, index(0), anyShape], "int32"),
    invalid(/Invalid data types/),
  );
  assert.throws(() => run("TensorListGetItem", [floats([1]), index(0), anyShape]), invalid(/not a list/));
  assert.throws(() => run("TensorListLength", [floats([1])]), invalid(/not a list/));
  assert.throws(
    () => run("TensorListStack", [listOfRows, anyShape], "float32", { num_elements: { i: 2n } }),
    invalid(/expected a list with 2/),
  );
  assert.throws(() => run("TensorListFromTensor", [floats([], [1]), anyShape]), invalid(/at least a vector/));
  assert.throws(() => run("TensorListFromTensor", [floats([2]), int32s([1], [1])]), invalid(/merge the shapes/));
  assert.throws(() => run("TensorListReserve", [int32s([1], [-2]), index(1)]), invalid(/from -1 on/));
  assert.throws(() => run("TensorListReserve", [anyShape, index(-1)]), invalid(/at least 0/));
  assert.throws(() => run("TensorListResize", [listOfRows, index(-1)]), invalid(/at least 0/));
});

test("a few numbers do not become a list or a tensor without end", () => {
  const tooLarge = servingError("RESOURCE_EXHAUSTED", /too l/);
  assert.throws(() => reserved([2], 2 ** 30), tooLarge);
  assert.throws(() => run("TensorListStack", [reserved([2 ** 20], 2 ** 10), anyShape]), tooLarge);
  assert.throws(() => run("TensorListGetItem", [reserved([2 ** 30], 1), index(0), anyShape]), tooLarge);
  assert.throws(() => run("TensorListResize", [listOfRows, index(2 ** 30)]), tooLarge);
});

test("a list of many rows without elements is refused before it is made", () => {
  const rows: Tensor = { dtype: "int8", shape: [2 ** 24, 0], data: new Int8Array() };
  assert.throws(
    () => run("TensorListFromTensor", [rows, int32s([1], [0])], "int8"),
    servingError("RESOURCE_EXHAUSTED", /too large/),
  );
});

test("a signature whose output is a list is refused", () => {
  const nodes = [
    node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
    constantNode("any", int32s([], [-1])),
    node("list", "TensorListFromTensor", ["x", "any"], { element_dtype: typeAttr("float32") }),
  ];
  const signature = { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["list:0", "variant"] } } as const;
  assert.throws(
    () => prepareSavedModel(savedModelFiles({ nodes, signatures: { s: signature } })),
    modelError("unsupported-signature", /"y" of signature "s"/),
  );
});

test("elements are gathered, and entries scattered, by their indices", () => {
  assert.deepEqual(
    first("TensorListGather", [listOfRows, int32s([2], [2, 0]), anyShape]),
    floats([2, 2], [5, 6, 1, 2]),
  );
  assert.deepEqual(first("TensorListGather", [listOfRows, int32s([0], []), anyShape]), floats([0, 2], []));
  const changed = first("TensorListScatterIntoExistingList", [listOfRows, floats([1, 2], [8, 9]), int32s([1], [1])]);
  assert.deepEqual(first("TensorListStack", [changed, anyShape]), floats([3, 2], [1, 2, 8, 9, 5, 6]));
  const longer = first("TensorListScatterIntoExistingList", [listOfRows, floats([1, 2], [8, 9]), int32s([1], [4])]);
  assert.deepEqual(first("TensorListLength", [longer]), index(5));
  assert.throws(() => run("TensorListGather", [listOfRows, int32s([1], [3]), anyShape]), invalid(/element 3/));
  assert.throws(() => run("TensorListGather", [listOfRows, int32s([1], [-1]), anyShape]), invalid(/element -1/));
  const scatter = (tensor: Tensor, at: Tensor) => () =>
    run("TensorListScatterIntoExistingList", [listOfRows, tensor, at]);
  assert.throws(scatter(floats([1, 2]), int32s([2], [0, 1])), invalid(/len\(indices\) == values.shape\[0\]/));
  assert.throws(scatter(floats([1, 3]), int32s([1], [0])), invalid(/merge the shapes/));
  assert.throws(scatter(floats([1, 2]), int32s([1], [-1])), invalid(/element -1/));
  assert.throws(scatter(floats([1, 2]), int32s([1], [2 ** 30])), servingError("RESOURCE_EXHAUSTED", /too long/));
});

test("a tensor is split into elements of so many entries, and they are joined again", () => {
  const tensor = floats([3, 1], [1, 2, 3]);
  const lengths = (...sizes: number[]): Tensor => int64s([sizes.length], sizes);
  const parts = first("TensorListSplit", [tensor, anyShape, lengths(2, 0, 1)]);
  assert.deepEqual(first("TensorListGetItem", [parts, index(0), anyShape]), floats([2, 1], [1, 2]));
  const joined = run("TensorListConcat", [parts]);
  assert.deepEqual(joined, [tensor, lengths(2, 0, 1)]);
  const wide = { element_shape: shapeAttr([2]) };
  assert.throws(() => run("TensorListConcat", [parts], "float32", wide), invalid(/merge the shapes/));
  assert.deepEqual(run("TensorListConcat", [reserved([-1, 2], 0)], "float32", wide)[0], floats([0, 2], []));
  assert.throws(() => run("TensorListConcat", [reserved([-1, 2], 0)]), invalid(/not fully defined/));
  assert.throws(() => run("TensorListConcat", [reserved([1, 2], 1)]), invalid(/has not been set/));
  for (const wrong of [lengths(2), lengths(4, -1)]) {
    assert.throws(() => run("TensorListSplit", [tensor, anyShape, wrong]), invalid(/sum of lengths/));
  }
});
