import assert from "node:assert/strict";
import { test } from "node:test";
import { type DataType, isNumberData, type Tensor } from "@sealserve/protocol";
import fc from "fast-check";
import { BatchTask } from "../../src/batching/batch-task.ts";
import { MAX_PADDING_BYTES, mergeInputs } from "../../src/batching/merge-inputs.ts";
import { largestRow, padDimensions } from "../../src/batching/pad-dimensions.ts";
import { sliceAll } from "../../src/batching/split-outputs.ts";
import { cutInputs, joinOutputs, partSizes } from "../../src/batching/split-task.ts";
import { mergeRows, sliceRows } from "../../src/batching/tensor-rows.ts";

/** A tensor as nested lists: the plain definition that everything here is held to. */
type Nested = number | bigint | string | readonly Nested[];

const DTYPES = ["float32", "int64", "complex64", "string", "uint8"] as const satisfies readonly DataType[];

/** Elements in row-major order, one entry for each even where it takes two. */
function elementsOf({ dtype, data }: Tensor): Nested[] {
  if (!isNumberData(data)) {
    return data.map((bytes) => Buffer.from(bytes).toString("latin1"));
  }
  const values = Array.from(data as Iterable<number | bigint>);
  return dtype === "complex64"
    ? values.flatMap((value, index) => (index % 2 ? [] : [[value, values[index + 1] ?? 0]]))
    : values;
}

function nest(elements: readonly Nested[], [size, ...inner]: readonly number[]): Nested {
  if (size === undefined) {
    return elements[0] ?? [];
  }
  const length = size === 0 ? 0 : elements.length / size;
  return Array.from({ length: size }, (_, index) => nest(elements.slice(index * length, (index + 1) * length), inner));
}

const nested = (tensor: Tensor): readonly Nested[] => nest(elementsOf(tensor), tensor.shape) as readonly Nested[];

function tensorOf(dtype: (typeof DTYPES)[number], shape: readonly number[], seed: number): Tensor {
  const count = shape.reduce((product, size) => product * size, dtype === "complex64" ? 2 : 1);
  const values = Array.from({ length: count }, (_, index) => (seed + index) % 251);
  const data = {
    float32: () => Float32Array.from(values),
    complex64: () => Float32Array.from(values),
    int64: () => BigInt64Array.from(values.map(BigInt)),
    uint8: () => Uint8Array.from(values),
    string: () => values.map((value) => Buffer.from(`s${value}`)),
  }[dtype]();
  return { dtype, shape, data };
}

const dtypes = fc.constantFrom(...DTYPES);
const row = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });
const rowCounts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });

test("merged rows are the rows of all in order, and slices give each its own back", () => {
  fc.assert(
    fc.property(dtypes, row, rowCounts, fc.nat(7), (dtype, shape, counts, more) => {
      const tensors = counts.map((rows, index) => tensorOf(dtype, [rows, ...shape], 10 * index));
      const rows = counts.reduce((sum, count) => sum + count, 0);
      const merged = mergeRows(tensors, rows + more);
      const copies = Array.from({ length: more }, () => nested(tensors.at(-1) as Tensor)[0]);
      assert.deepEqual(nested(merged), [...tensors.flatMap(nested), ...copies]);
      let start = 0;
      for (const tensor of tensors) {
        const end = start + (tensor.shape[0] ?? 0);
        assert.deepEqual(sliceRows(merged, start, end), { ...tensor, data: sliceRows(merged, start, end).data });
        assert.deepEqual(nested(sliceRows(merged, start, end)), nested(tensor));
        start = end;
      }
    }),
  );
});

test("slices and merged tensors share no memory with what they are made of", () => {
  const tensor = tensorOf("float32", [3, 2], 0);
  for (const made of [
    sliceRows(tensor, 0, 3),
    sliceRows(tensor, 1, 2),
    mergeRows([tensor], 3),
    mergeRows([tensor], 5),
  ]) {
    const data = made.data as Float32Array<ArrayBuffer>;
    assert.notEqual(data.buffer, (tensor.data as Float32Array).buffer);
    assert.equal(data.buffer.byteLength, data.byteLength, "nothing else lies in its memory");
  }
});

/** The plain definition of padding: every list gets as long as `row` says, filled with `value`. */
function pad(list: Nested, [size, ...inner]: readonly number[], value: Nested, depth: number): Nested {
  if (size === undefined) {
    return list;
  }
  const items = depth === 0 ? [] : (list as readonly Nested[]);
  return Array.from({ length: size }, (_, index) =>
    index < items.length ? pad(items[index] as Nested, inner, value, depth - 1) : fill(inner, value),
  );
}

function fill([size, ...inner]: readonly number[], value: Nested): Nested {
  return size === undefined ? value : Array.from({ length: size }, () => fill(inner, value));
}

test("padding makes every dimension as large as asked for, with the tensor's own first value at the ends", () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(2)), { maxLength: 4 });
  fc.assert(
    fc.property(dtypes, fc.integer({ min: 1, max: 3 }), sizes, (dtype, rows, dimensions) => {
      const tensor = tensorOf(dtype, [rows, ...dimensions.map(([size]) => size)], 7);
      const target = dimensions.map(([size, more]) => size + more);
      const padded = padDimensions(tensor, target);
      assert.deepEqual(padded.shape, [rows, ...target]);
      const first = elementsOf(tensor)[0] as Nested;
      assert.deepEqual(nested(padded), pad(nested(tensor), [rows, ...target], first, tensor.shape.length));
    }),
  );
});

test("a tensor without values is padded with zeros or no bytes", () => {
  assert.deepEqual(padDimensions(tensorOf("float32", [2, 0], 7), [2]), {
    dtype: "float32",
    shape: [2, 2],
    data: new Float32Array(4),
  });
  assert.deepEqual(padDimensions(tensorOf("string", [1, 0], 7), [1]).data, [new Uint8Array(0)]);
});

test("the largest row has the largest size of each dimension", () => {
  const shapes = [
    [1, 2, 5],
    [4, 3, 1],
    [2, 0, 0],
  ];
  assert.deepEqual(largestRow(shapes.map((shape) => tensorOf("uint8", shape, 0))), [3, 5]);
  assert.deepEqual(largestRow([tensorOf("uint8", [4], 0)]), []);
});

test("a large request is cut so that the first part fills the open batch and all parts are the request again", () => {
  const numbers = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(9), numbers, dtypes, (rows, room, maxBatchRows, dtype) => {
      const sizes = partSizes(rows, room, maxBatchRows);
      assert.equal(
        sizes.reduce((sum, size) => sum + size, 0),
        rows,
      );
      assert.ok(sizes.every((size, index) => size >= 1 && size <= (index === 0 && room > 0 ? room : maxBatchRows)));
      const whole = new Map([["x", tensorOf(dtype, [rows, 2], 3)]]);
      assert.deepEqual(joinOutputs(cutInputs(whole, sizes) as Map<string, Tensor>[]), whole);
    }),
  );
});

const task = (tensor: Tensor): BatchTask => new BatchTask(new Map([["x", tensor]]), tensor.shape[0] ?? 0, 0);

test("batches are padded to the next allowed size, and a larger one runs as it is", () => {
  const tasks = [task(tensorOf("float32", [2], 0)), task(tensorOf("float32", [1], 50))];
  const size = (allowedSizes: number[]): number | undefined =>
    mergeInputs(tasks, ["x"], { allowedSizes, padVariableLength: false })?.size;
  assert.deepEqual([size([]), size([2, 3]), size([2, 4, 8]), size([2])], [3, 3, 4, 3]);
  const merged = mergeInputs(tasks, ["x"], { allowedSizes: [5], padVariableLength: false });
  assert.deepEqual(merged?.inputs.get("x")?.data, Float32Array.of(0, 1, 50, 50, 50));
});

test("padding that asks for far more memory than was sent is left out (E1)", () => {
  const long = { dtype: "uint8" as const, shape: [1, 1 << 20], data: new Uint8Array(1 << 20) };
  const short = { dtype: "uint8" as const, shape: [400, 1], data: new Uint8Array(400) };
  const merge = (tasks: readonly Tensor[], allowedSizes: readonly number[]): number | undefined =>
    mergeInputs(tasks.map(task), ["x"], { allowedSizes, padVariableLength: true })?.size;
  assert.ok(400 * (1 << 20) > MAX_PADDING_BYTES);
  assert.equal(merge([long, short], []), undefined);
  assert.equal(merge([long], [300]), undefined);
  assert.equal(merge([long], [30]), 30);
  const many = { dtype: "string" as const, shape: [1, 1], data: [new Uint8Array(1)] };
  assert.equal(merge([many], [MAX_PADDING_BYTES]), undefined, "references to strings count");
});

test("slices of all outputs keep their names", () => {
  const outputs = new Map([
    ["a", tensorOf("uint8", [3], 0)],
    ["b", tensorOf("string", [3, 1], 0)],
  ]);
  const sliced = sliceAll(outputs, 1, 2);
  assert.deepEqual(
    [...sliced].map(([name, tensor]) => [name, nested(tensor)]),
    [
      ["a", [1]],
      ["b", [["s1"]]],
    ],
  );
});
