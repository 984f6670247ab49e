import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { concatBytes, encodeUtf8 } from "@sealserve/core";
import type { AttrValue, DataType, Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { modelError, servingError } from "./fixtures/errors.ts";
import { exampleBytes, exampleVector, type Values } from "./fixtures/examples.ts";
import { listAttr, makeKernel, shapesAttr, typesAttr } from "./fixtures/kernel.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

/** What a case parses; features of a kind in order. */
interface Spec {
  readonly dense?: Readonly<
    Record<string, readonly [dtype: DataType, shape: readonly number[] | undefined, fallback: Tensor]>
  >;
  readonly sparse?: Readonly<Record<string, DataType>>;
  readonly ragged?: Readonly<Record<string, readonly [dtype: DataType, splits: DataType]>>;
}

function attributesOf({ dense = {}, sparse = {}, ragged = {} }: Spec): Record<string, AttrValue> {
  return {
    Tdense: typesAttr(Object.values(dense).map(([dtype]) => dtype)),
    dense_shapes: shapesAttr(Object.values(dense).map(([, shape]) => shape)),
    sparse_types: typesAttr(Object.values(sparse)),
    ragged_value_types: typesAttr(Object.values(ragged).map(([dtype]) => dtype)),
    ragged_split_types: typesAttr(Object.values(ragged).map(([, splits]) => splits)),
  };
}

function kernelV2(spec: Spec) {
  const { dense = {}, sparse = {}, ragged = {} } = spec;
  const keys = [sparse, dense, ragged].map((features) => texts(Object.keys(features)));
  const fallbacks = Object.values(dense).map(([, , fallback]) => fallback);
  return makeKernel("ParseExampleV2", ["string", texts([]), ...keys, ...fallbacks], attributesOf(spec));
}

function parse(spec: Spec, serialized: Tensor): readonly Tensor[] {
  const kernel = kernelV2(spec);
  const outputs = kernel.run([serialized]);
  assert.deepEqual(
    outputs.map(({ dtype }) => dtype),
    kernel.outputs,
  );
  return outputs;
}

const scalar = (text: string): Tensor => ({ ...texts([text]), shape: [] });
const one = (bytes: Uint8Array, shape: readonly number[] = [1]): Tensor => ({ dtype: "string", shape, data: [bytes] });
const none = floats([0], []);
const list = (...values: number[]) => Float32Array.from(values);

describe("dense features", () => {
  const spec: Spec = {
    dense: {
      x: ["float32", [2], none],
      n: ["int64", [], int64s([], [7])],
      s: ["string", [1, 1], { ...texts(["?"]), shape: [1, 1] }],
    },
  };

  test("are stacked, and what an Example lacks gets the default", () => {
    const batch = exampleVector([
      { x: list(1, 2), n: [5n], s: ["a"], other: [1n] },
      { x: list(3, 4), n: undefined },
    ]);
    assert.deepEqual(parse(spec, batch), [
      floats([2, 2], [1, 2, 3, 4]),
      int64s([2], [5, 7]),
      { ...texts(["a", "?"]), shape: [2, 1, 1] },
    ]);
    assert.deepEqual(parse(spec, exampleVector([]))[0], floats([0, 2], []));
  });

  test("of any length are padded to the longest", () => {
    const padded: Spec = { dense: { x: ["float32", [-1, 2], floats([], [9])], s: ["string", [-1], scalar("?")] } };
    const batch = exampleVector([{ x: list(1, 2) }, { s: ["a", "b"] }, { x: list(3, 4, 5, 6), s: ["c"] }]);
    assert.deepEqual(parse(padded, batch), [
      floats([3, 2, 2], [1, 2, 9, 9, 9, 9, 9, 9, 3, 4, 5, 6]),
      { ...texts(["?", "?", "a", "b", "c", "?"]), shape: [3, 2] },
    ]);
    assert.deepEqual(parse(padded, exampleVector([{}]))[0], floats([1, 0, 2], []));
  });

  test("of several with one key the last one counts, as where a context stands in front", () => {
    const context = exampleBytes({ x: list(8, 9), n: [1n] });
    const merged = concatBytes(context, exampleBytes({ x: list(1, 2) }));
    assert.deepEqual(parse(spec, one(merged)).slice(0, 2), [floats([1, 2], [1, 2]), int64s([1], [1])]);
  });

  test("that are missing, of another type or of another number are refused without their values", () => {
    const refused = (features: Readonly<Record<string, Values>>, message: string) =>
      assert.throws(
        () => parse(spec, exampleVector([{ x: list(1, 2) }, features])),
        servingError("INVALID_ARGUMENT", message),
      );
    refused({}, "Name: <unknown>, Feature: x (data type: float) is required but could not be found.");
    refused({ x: undefined }, "Name: <unknown>, Feature: x (data type: float) is required but could not be found.");
    refused(
      { x: ["a", "b"] },
      "Name: <unknown>, Key: x, Index: 1.  Data types don't match. Data type: string but expected type: float",
    );
    refused(
      { x: list(1, 2, 3) },
      "Name: <unknown>, Key: x, Index: 1.  Number of float values != expected.  Values size: 3 but output shape: [2]",
    );
    refused(
      { x: list(1, 2), s: [] as string[] },
      "Name: <unknown>, Key: s, Index: 1.  Data types don't match. Data type: int64 but expected type: string",
    );
    const steps: Spec = { dense: { x: ["float32", [-1, 2], floats([], [0])] } };
    assert.throws(
      () => parse(steps, exampleVector([{ x: list(1, 2, 3) }])),
      servingError(
        "INVALID_ARGUMENT",
        "Name: <unknown>, Key: x, Index: 0.  Number of float values is not a multiple of stride length. Saw 3 values but output shape is: [?,2]",
      ),
    );
  });
});

test("sparse features give indices, values and a shape; ragged ones values and row splits", () => {
  const spec: Spec = { sparse: { a: "string" }, ragged: { b: ["float32", "int32"], c: ["int64", "int64"] } };
  const batch = exampleVector([{ a: ["p", "q"], b: list(1) }, {}, { a: ["r"], b: list(2, 3), c: [4n] }]);
  assert.deepEqual(parse(spec, batch), [
    int64s([3, 2], [0, 0, 0, 1, 2, 0]),
    texts(["p", "q", "r"]),
    int64s([2], [3, 2]),
    floats([3], [1, 2, 3]),
    int64s([1], [4]),
    int32s([4], [0, 1, 1, 3]),
    int64s([4], [0, 0, 0, 1]),
  ]);
});

test("one Example without a list gives tensors without a dimension for it", () => {
  const features = { x: list(1, 2), a: [5n, 6n] };
  const spec: Spec = { dense: { x: ["float32", [2], none] }, sparse: { a: "int64" } };
  const expected = [int64s([2, 1], [0, 1]), int64s([2], [5, 6]), int64s([1], [2]), floats([2], [1, 2])];
  assert.deepEqual(parse(spec, one(exampleBytes(features), [])), expected);
  const keys = { sparse_keys: listAttr({ s: [encodeUtf8("a")] }), dense_keys: listAttr({ s: [encodeUtf8("x")] }) };
  const single = makeKernel("ParseSingleExample", ["string", none], { ...attributesOf(spec), ...keys });
  assert.deepEqual(single.run([one(exampleBytes(features), [])]), expected);
  assert.throws(
    () => single.run([one(exampleBytes({}), [])]),
    servingError("INVALID_ARGUMENT", "Feature: x (data type: float) is required but could not be found."),
  );
  assert.throws(
    () => single.run([one(exampleBytes({ x: list(1) }), [])]),
    servingError("INVALID_ARGUMENT", /^Key: x\. {2}Number of float values/),
  );
});

test("ParseExample takes each key as an input of its own", () => {
  const spec: Spec = {
    dense: { x: ["float32", [], none], y: ["int64", [1], int64s([1], [3])] },
    sparse: { a: "float32" },
  };
  const inputs = ["string", texts([]), scalar("a"), scalar("x"), scalar("y"), none, int64s([1], [3])] as const;
  const kernel = makeKernel("ParseExample", inputs, { ...attributesOf(spec), Nsparse: { i: 1n }, Ndense: { i: 2n } });
  assert.deepEqual(kernel.run([exampleVector([{ x: list(1), a: list(2) }])]), [
    int64s([1, 2], [0, 0]),
    floats([1], [2]),
    int64s([2], [1, 1]),
    floats([1], [1]),
    int64s([1, 1], [3]),
  ]);
});

test("what comes out is what went in, for any Examples", () => {
  const strings = fc.array(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 4 });
  const example = fc.record(
    { s: strings, x: fc.array(fc.float({ noNaN: true }), { maxLength: 5 }) },
    { requiredKeys: [] },
  );
  const property = fc.property(fc.array(example, { maxLength: 6 }), (examples) => {
    const batch = exampleVector(examples.map(({ s, x }) => ({ s, x: x && Float32Array.from(x) })));
    const [indices, values, , splitValues, splits] = parse(
      { sparse: { s: "string" }, ragged: { x: ["float32", "int64"] } },
      batch,
    );
    const rows = examples.flatMap(({ s = [] }, row) => s.map((_, column) => [row, column]));
    assert.deepEqual(Array.from(indices?.data as BigInt64Array, Number), rows.flat());
    assert.deepEqual(
      values?.data,
      examples.flatMap(({ s = [] }) => s.map(encodeUtf8)),
    );
    assert.deepEqual(splitValues?.data, Float32Array.from(examples.flatMap(({ x = [] }) => x)));
    const lengths = Array.from(splits?.data as BigInt64Array, Number).map(
      (end, index, all) => end - (all[index - 1] ?? 0),
    );
    assert.deepEqual(
      lengths.slice(1),
      examples.map(({ x = [] }) => x.length),
    );
  });
  fc.assert(property, { numRuns: 200 });
});

describe("hostile input", () => {
  const spec: Spec = { dense: { x: ["float32", [1], floats([1], [0])] } };

  test("that is no Example is refused without a word of it", () => {
    assert.throws(
      () => parse(spec, texts(["my secret"])),
      servingError("INVALID_ARGUMENT", "Could not parse example input, value: '<redacted>'"),
    );
    // A feature `x` whose list of floats ends inside of the first.
    const broken = Uint8Array.of(10, 12, 10, 10, 10, 1, 0x78, 18, 5, 18, 3, 10, 1, 0);
    assert.throws(
      () => parse(spec, one(broken)),
      servingError("INVALID_ARGUMENT", "Name: <unknown>, Key: x, Index: 0.  Can't parse serialized Example."),
    );
  });

  test("of another rank is refused", () => {
    const matrix = { ...texts(["", ""]), shape: [1, 2] };
    assert.throws(
      () => parse(spec, matrix),
      servingError("INVALID_ARGUMENT", "Expected serialized to be a scalar or vector, got shape: [1,2]"),
    );
    const ragged = kernelV2({ ragged: { a: ["int64", "int64"] } });
    assert.throws(() => ragged.run([scalar("")]), servingError("UNIMPLEMENTED", /Ragged/));
  });

  test("that would be padded to gigabytes, or has too many features or strings, is refused", () => {
    const padded: Spec = { dense: { x: ["float32", [-1], floats([], [0])] } };
    const [long, short] = [exampleBytes({ x: new Float32Array(2 ** 14) }), new Uint8Array()];
    const batch = [long, ...Array.from({ length: 2 ** 13 }, () => short)];
    assert.throws(
      () => parse(padded, { dtype: "string", shape: [batch.length], data: batch }),
      servingError("RESOURCE_EXHAUSTED", /too large/),
    );
    const keys = Object.fromEntries(Array.from({ length: 2 ** 10 }, (_, index) => [`k${index}`, "int64" as const]));
    const many = Array.from({ length: 2 ** 14 + 1 }, () => short);
    assert.throws(
      () => parse({ sparse: keys }, { dtype: "string", shape: [many.length], data: many }),
      servingError("RESOURCE_EXHAUSTED", /too many features/),
    );
    const strings = Array.from({ length: 2 ** 19 + 1 }, () => "");
    assert.throws(
      () => parse({ sparse: { a: "string" } }, exampleVector([{ a: strings }, { a: strings }])),
      servingError("RESOURCE_EXHAUSTED", /too many strings/),
    );
  });
});

test("a node that does not say what it parses is refused", () => {
  const refused = (make: () => unknown, reason: RegExp) => assert.throws(make, modelError("unsupported-op", reason));
  const x = (dtype: DataType, shape: readonly number[] | undefined, fallback: Tensor): Spec => ({
    dense: { x: [dtype, shape, fallback] },
  });
  refused(() => kernelV2(x("float64", [1], none)), /float64/);
  refused(() => kernelV2(x("float32", undefined, none)), /shape of feature "x" is not known/);
  refused(() => kernelV2(x("float32", [1, -1], none)), /shape of feature "x" is not known/);
  refused(() => kernelV2(x("float32", [-2], none)), /shape of feature "x" is not known/);
  refused(() => kernelV2(x("float32", [2], floats([1], [0]))), /default of feature "x"/);
  refused(() => kernelV2(x("float32", [-1], none)), /default of feature "x"/);
  refused(() => kernelV2(x("float32", [-1, 0], floats([], [0]))), /default of feature "x"/);
  refused(() => kernelV2(x("int64", [1], none)), /default of feature "x"/);
  refused(() => kernelV2({ ...x("float32", [1], none), sparse: { x: "int64" } }), /one feature twice/);
  refused(() => kernelV2({ ragged: { a: ["int64", "float32"] } }), /row splits/);
  const attributes = { ...attributesOf({}), Nsparse: { i: 1n } };
  refused(() => makeKernel("ParseExample", ["string", texts([]), "string"], attributes), /input 2 is not a constant/);
  refused(() => makeKernel("ParseExample", ["string", texts([]), texts(["a", "b"])], attributes), /not one key/);
  refused(() => makeKernel("ParseExample", ["string", texts([]), scalar("a")], attributes), /another number of keys/);
  refused(() => makeKernel("ParseSingleExample", ["int64"], attributesOf({})), /does not hold strings/);
});
