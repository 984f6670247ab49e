// What the interpreter does in the engine's place is what the engine does.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { type AttrValue, FillBudget, type Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import type { Origin } from "../src/plan/origin.ts";
import { findShortWay } from "../src/plan/short-ways.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { NodeOperation } from "../src/saved-model/node-operation.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { integersAttr } from "./fixtures/operation-case.ts";
import { outcome } from "./fixtures/outcome.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

after(closeModels);

interface Case {
  readonly op: string;
  readonly attributes: Readonly<Record<string, AttrValue>>;
  readonly inputs: readonly Tensor[];
  /** How many inputs the engine is fed; it has the others as constants. */
  readonly fed: number;
  /** The interpreter takes it on constants alone. */
  readonly folded?: boolean;
}

const small = fc.integer({ min: -2, max: 4 });
const wide = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.constantFrom(2n ** 31n, -(2n ** 31n) - 1n, 2n ** 32n, 2n ** 40n + 5n, -(2n ** 63n)),
);
const longs = (shape: readonly number[], values: readonly bigint[]): Tensor => ({
  dtype: "int64",
  shape,
  data: BigInt64Array.from(values),
});
const bools = (values: readonly boolean[]): Tensor => ({
  dtype: "bool",
  shape: [values.length],
  data: Uint8Array.from(values, Number),
});
const matrix = int64s([2, 3], [3, 1, 4, -1, 5, 9]);
const pair = fc.tuple(small, small);
const casts = fc
  .tuple(
    fc.oneof(
      fc.array(wide, { maxLength: 4 }).map((values) => longs([values.length], values)),
      fc.array(fc.integer(), { maxLength: 4 }).map((values) => int32s([values.length], values)),
      fc.array(fc.boolean(), { maxLength: 4 }).map(bools),
    ),
    fc.constantFrom("int32" as const, "int64" as const, "bool" as const),
  )
  .map(([input, to]): Case => ({ op: "Cast", attributes: { DstT: typeAttr(to) }, inputs: [input], fed: 1 }));
const packs = fc
  .array(fc.oneof(wide, fc.tuple(wide, wide)), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.map((part) => (Array.isArray(part) ? longs([2], part) : longs([], [part]))))
  .map((inputs): Case => ({ op: "Pack", attributes: {}, inputs, fed: inputs.length }));
const slices = fc.tuple(pair, pair).map(
  ([begin, size]): Case => ({
    op: "Slice",
    attributes: {},
    inputs: [matrix, int32s([2], begin), int32s([2], size)],
    fed: 3,
  }),
);
const gathers = fc.tuple(fc.array(small, { maxLength: 3 }), fc.constantFrom(0, 1)).map(
  ([indices, axis]): Case => ({
    op: "GatherV2",
    attributes: {},
    inputs: [matrix, int64s([indices.length], indices), int32s([], [axis])],
    fed: 2,
  }),
);
const products = fc.tuple(fc.subarray([0, 1]), fc.boolean()).map(
  ([axes, keep]): Case => ({
    op: "Prod",
    attributes: { keep_dims: { b: keep } },
    inputs: [matrix, int32s([axes.length], axes)],
    fed: 1,
  }),
);
const sizes = fc.array(fc.integer({ min: -1, max: 6 }), { minLength: 1, maxLength: 3 });
const reshapes = sizes.map(
  (wanted): Case => ({ op: "Reshape", attributes: {}, inputs: [matrix, int32s([wanted.length], wanted)], fed: 2 }),
);
const shaped = fc.array(fc.constantFrom(0, 1, 1, 2), { maxLength: 3 }).map((shape) =>
  floats(
    shape,
    Array.from({ length: shape.reduce<number>((product, size) => product * size, 1) }, (_, index) => index),
  ),
);
const shapes = fc
  .tuple(shaped, fc.constantFrom("int32" as const, "int64" as const))
  .map(([input, type]): Case => ({ op: "Shape", attributes: { out_type: typeAttr(type) }, inputs: [input], fed: 1 }));
const squeezes = fc.tuple(shaped, fc.uniqueArray(fc.integer({ min: -1, max: 2 }), { maxLength: 1 })).map(
  ([input, axes]): Case => ({
    op: "Squeeze",
    attributes: { squeeze_dims: integersAttr(axes) },
    inputs: [input],
    fed: 1,
  }),
);
const expansions = fc
  .tuple(shaped, fc.integer({ min: -3, max: 3 }))
  .map(([input, axis]): Case => ({ op: "ExpandDims", attributes: {}, inputs: [input, int32s([], [axis])], fed: 1 }));
const single = fc.float({ noNaN: false });
const roots = fc
  .array(single, { maxLength: 4 })
  .map(
    (values): Case => ({ op: "Sqrt", attributes: {}, inputs: [floats([values.length], values)], fed: 1, folded: true }),
  );
const comparisons = fc.tuple(fc.oneof(single, fc.constant(-0)), fc.oneof(single, fc.constant(0))).map(
  ([a, b]): Case => ({
    op: "NotEqual",
    attributes: {},
    inputs: [floats([], [a]), floats([], [b])],
    fed: 2,
    folded: true,
  }),
);
const rangeBounds = fc.tuple(small, small, fc.constantFrom(1, 2, -1));
/** Those that hold no number are for the engine: some are refused. */
const ranges = rangeBounds
  .filter(([start, limit, step]) => (limit - start) * step > 0)
  .map(
    (bounds): Case => ({
      op: "Range",
      attributes: {},
      inputs: bounds.map((bound) => int32s([], [bound])),
      fed: 3,
      folded: true,
    }),
  );
/** Up to three axes of up to 2, some of which are repeated. */
const someShape = fc.array(fc.constantFrom(0, 1, 1, 2, 2), { maxLength: 2 });
const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
function numbersOfShape(shape: readonly number[], seed: number, dtype: "int32" | "int64" | "float32" | "bool"): Tensor {
  const values = Array.from({ length: countOf(shape) }, (_, index) => ((index * 7 + seed) % 5) - 2);
  if (dtype === "bool") {
    return { dtype, shape, data: Uint8Array.from(values, (value) => Number(value > 0)) };
  }
  return dtype === "int64" ? int64s(shape, values) : dtype === "int32" ? int32s(shape, values) : floats(shape, values);
}
const seed = fc.integer({ min: 0, max: 4 });
const anyNumbers = fc.constantFrom("int32" as const, "int64" as const, "float32" as const);
const anyWhole = fc.constantFrom("int32" as const, "int64" as const);
const operandsOf = (
  ofShapes: readonly (readonly number[])[],
  seeds: readonly number[],
  dtype: Parameters<typeof numbersOfShape>[2],
) => ofShapes.map((shape, place) => numbersOfShape(shape, seeds[place] ?? 0, dtype));
const pairsOf = (ops: readonly string[], dtypes: fc.Arbitrary<Parameters<typeof numbersOfShape>[2]>) =>
  fc.tuple(fc.constantFrom(...ops), fc.tuple(someShape, someShape), fc.tuple(seed, seed), dtypes).map(
    ([op, pairOfShapes, seeds, dtype]): Case => ({
      op,
      attributes: {},
      inputs: operandsOf(pairOfShapes, seeds, dtype),
      fed: 2,
    }),
  );
const orders = pairsOf(["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"], anyNumbers);
const arithmetic = pairsOf(["AddV2", "Sub", "Mul", "Maximum", "Minimum"], anyWhole);
const logic = pairsOf(["LogicalAnd", "LogicalOr"], fc.constant("bool" as const));
const negations = someShape.map((shape): Case => {
  return { op: "LogicalNot", attributes: {}, inputs: [numbersOfShape(shape, 1, "bool")], fed: 1 };
});
/** What does not fit a 32-bit or 64-bit number is cut alike. */
const overflows = fc.constantFrom("AddV2", "Sub", "Mul").chain((op) =>
  fc
    .oneof(
      fc.tuple(fc.integer(), fc.integer()).map((values) => values.map((value) => int32s([], [value]))),
      fc.tuple(wide, wide).map((values) => values.map((value) => longs([], [value]))),
    )
    .map((inputs): Case => ({ op, attributes: {}, inputs, fed: 2 })),
);
const choices = fc.tuple(someShape, someShape, someShape, seed, anyNumbers).map(
  ([condition, yes, no, start, dtype]): Case => ({
    op: "SelectV2",
    attributes: {},
    inputs: [numbersOfShape(condition, start, "bool"), ...operandsOf([yes, no], [0, 3], dtype)],
    fed: 3,
  }),
);
const rowChoices = fc
  .tuple(someShape, fc.constantFrom("all", "rows", "one"), seed, anyNumbers)
  .map(([shape, how, start, dtype]): Case => {
    const condition = how === "all" ? shape : how === "rows" ? shape.slice(0, 1) : [];
    const inputs = [numbersOfShape(condition, start, "bool"), ...operandsOf([shape, shape], [0, 3], dtype)];
    return { op: "Select", attributes: {}, inputs, fed: 3 };
  });
const findings = fc
  .tuple(someShape, seed, fc.constantFrom("bool" as const, "int32" as const, "int64" as const, "float32" as const))
  .map(
    ([shape, start, dtype]): Case => ({
      op: "Where",
      attributes: {},
      inputs: [numbersOfShape(shape, start, dtype)],
      fed: 1,
    }),
  );
const coordinates = fc.tuple(fc.constantFrom(1, 2), fc.array(pair, { maxLength: 2 })).map(
  ([depth, rows]): Case => ({
    op: "GatherNd",
    attributes: {},
    inputs: [
      matrix,
      int64s(
        [rows.length, depth],
        rows.flatMap((row) => row.slice(0, depth)),
      ),
    ],
    fed: 2,
  }),
);
const fills = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 2 }).map(
  (wanted): Case => ({
    op: "Fill",
    attributes: {},
    inputs: [int32s([wanted.length], wanted), floats([], [2])],
    fed: 2,
  }),
);
const zeros = fc
  .tuple(someShape, anyNumbers)
  .map(
    ([shape, dtype]): Case => ({ op: "ZerosLike", attributes: {}, inputs: [numbersOfShape(shape, 0, dtype)], fed: 1 }),
  );
const repeats = fc
  .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }))
  .map((multiples): Case => ({ op: "Tile", attributes: {}, inputs: [matrix, int32s([2], multiples)], fed: 2 }));
const broadcasts = fc
  .tuple(someShape, fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }))
  // The engine takes fewer axes than there are, where TensorFlow does not.
  .filter(([shape, wanted]) => shape.length <= wanted.length)
  .map(
    ([shape, wanted]): Case => ({
      op: "BroadcastTo",
      attributes: {},
      inputs: [numbersOfShape(shape, 1, "int64"), int32s([wanted.length], wanted)],
      fed: 2,
    }),
  );
const joins = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.constantFrom(-2, -1, 0, 1), anyNumbers).map(
  ([rows, axis, dtype]): Case => ({
    op: "ConcatV2",
    attributes: {},
    inputs: [
      ...operandsOf(
        [
          [2, 2],
          [rows, 2],
          [2, 2],
        ],
        [0, 1, 2],
        dtype,
      ),
      int32s([], [axis]),
    ],
    fed: 3,
  }),
);
const countings = rangeBounds.map(
  (bounds): Case => ({ op: "Range", attributes: {}, inputs: bounds.map((bound) => int64s([], [bound])), fed: 3 }),
);
const totals = fc.tuple(fc.constantFrom("Max", "Min", "Sum"), fc.subarray([0, 1]), fc.boolean()).map(
  ([op, axes, keep]): Case => ({
    op,
    attributes: { keep_dims: { b: keep } },
    inputs: [matrix, int32s([axes.length], axes)],
    fed: 1,
  }),
);
const verdicts = fc.tuple(fc.constantFrom("All", "Any"), someShape, seed).map(
  ([op, shape, start]): Case => ({
    op,
    attributes: {},
    inputs: [
      numbersOfShape(shape, start, "bool"),
      int32s(
        [shape.length],
        shape.map((_, axis) => axis),
      ),
    ],
    fed: 1,
  }),
);
const measures = fc.tuple(someShape, anyWhole).map(
  ([shape, type]): Case => ({
    op: "Size",
    attributes: { out_type: typeAttr(type) },
    inputs: [numbersOfShape(shape, 0, "float32")],
    fed: 1,
  }),
);
const sums = fc.tuple(fc.integer({ min: -3, max: 2 }), anyWhole).map(
  ([axis, dtype]): Case => ({
    op: "Cumsum",
    attributes: {},
    inputs: [numbersOfShape([2, 3], 2, dtype), int32s([], [axis])],
    fed: 1,
  }),
);
const kinds = [
  orders,
  arithmetic,
  logic,
  negations,
  overflows,
  choices,
  rowChoices,
  findings,
  coordinates,
  fills,
  zeros,
  repeats,
  broadcasts,
  joins,
  countings,
  totals,
  verdicts,
  measures,
  sums,
  casts,
  packs,
  slices,
  gathers,
  products,
  reshapes,
  shapes,
  squeezes,
  expansions,
  roots,
  comparisons,
  ranges,
];
const cases = kinds.flatMap((each) => fc.sample(each as fc.Arbitrary<Case>, { numRuns: 20, seed: 1 }));

function operationOf({ op, attributes, inputs, fed, folded = false }: Case): NodeOperation<Origin> {
  const origins = inputs.map((constant, position): Origin => {
    const { dtype } = constant;
    return position < fed && !folded
      ? { kind: "run", name: "", dtype, stage: -1, byKernel: true, few: true }
      : { kind: "constant", dtype, constant };
  });
  const flat = { name: "n", op, inputs: [], controls: [], attribute: (name: string) => attributes[name] };
  return new NodeOperation(flat, origins, "s", new FillBudget());
}

/** What the interpreter gives; the operation has a short way. */
async function interpreted(each: Case): Promise<ReadonlyMap<string, Tensor> | string> {
  const operation = operationOf(each);
  const kernel = findShortWay(operation)?.(operation) ?? assert.fail(`${each.op} has no short way`);
  return await outcome(Promise.resolve().then(() => new Map([["y", kernel.run(each.inputs)[0] as Tensor]])));
}

/** The nodes of all cases. */
function nodesOf(all: readonly Case[]) {
  return all.flatMap(({ op, attributes, inputs, fed }, index) => {
    const names = inputs.map((_, place) => `x_${index}_${place}`);
    const given = inputs.map((input, place) =>
      place < fed
        ? node(names[place] ?? "", "Placeholder", [], { dtype: typeAttr(input.dtype) })
        : constantNode(names[place] ?? "", input),
    );
    return [...given, node(`y_${index}`, op, names, attributes)];
  });
}

/** A model has at most so many signatures, one for each case. */
const MAX_CASES = 240;

for (let start = 0; start < cases.length; start += MAX_CASES) {
  const some = cases.slice(start, start + MAX_CASES);
  test(`any short way gives what the engine gives, or fails as it does: cases from ${start} on`, async () => {
    await expectAlike(some);
  });
}

async function expectAlike(some: readonly Case[]): Promise<void> {
  const types = await Promise.all(some.map(outputType));
  const signatures = Object.fromEntries(
    some.map(({ inputs, fed }, index) => [
      `s${index}`,
      {
        inputs: Object.fromEntries(
          inputs.slice(0, fed).map(({ dtype }, place) => [`x${place}`, [`x_${index}_${place}:0`, dtype] as const]),
        ),
        outputs: { y: [`y_${index}:0`, types[index] ?? "int64"] as const },
      },
    ]),
  );
  const model = await load(savedModelFiles({ nodes: nodesOf(some), signatures }), { threads: 1 });
  for (const [index, each] of some.entries()) {
    const feeds = new Map(each.inputs.slice(0, each.fed).map((input, place) => [`x${place}`, input]));
    const byEngine = await outcome(model.run(`s${index}`, feeds, []));
    const taken = await interpreted(each);
    assert.deepEqual(taken, byEngine, `${each.op} ${JSON.stringify(each, bigintText)}`);
  }
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

async function outputType(each: Case) {
  const operation = operationOf(each);
  return findShortWay(operation)?.(operation).outputs[0] ?? assert.fail(`${each.op} has no short way`);
}

test("constants are few up to 64 elements, and more are for the engine, which gives the same", async () => {
  const nodes = [64, 65].flatMap((count) => [
    constantNode(`c${count}`, int32s([count], [...Array(count).keys()])),
    node(`y${count}`, "Cast", [`c${count}`], { DstT: typeAttr("int64") }),
    node(`z${count}`, "AddV2", [`y${count}`, "x"]),
  ]);
  const signatures = Object.fromEntries(
    [64, 65].map((count) => [
      `s${count}`,
      { inputs: { x: ["x:0", "int64"] as const }, outputs: { z: [`z${count}:0`, "int64"] as const } },
    ]),
  );
  const model = await load(
    savedModelFiles({ nodes: [node("x", "Placeholder", [], { dtype: typeAttr("int64") }), ...nodes], signatures }),
    { threads: 1 },
  );
  for (const count of [64, 65]) {
    const constant = int32s([count], [...Array(count).keys()]);
    const each = { op: "Cast", attributes: { DstT: typeAttr("int64") }, inputs: [constant], fed: 0 } as const;
    assert.equal(findShortWay(operationOf(each)) !== undefined, count === 64);
    const outputs = await model.run(`s${count}`, new Map([["x", int64s([], [1])]]), []);
    assert.deepEqual(
      outputs.get("z"),
      int64s(
        [count],
        [...Array(count).keys()].map((value) => value + 1),
      ),
    );
  }
});

test("arithmetic on the sizes of a sparse tensor takes no step of the engine", async () => {
  const files = () =>
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], { dtype: typeAttr("string") }),
        constantNode("separator", { ...texts([" "]), shape: [] }),
        node("split", "StringSplitV2", ["x", "separator"]),
        constantNode("column", int64s([2], [-1, 1])),
        node("flat", "SparseReshape", ["split:0", "split:2", "column"]),
        constantNode("axes", int32s([1], [0])),
        node("product", "Prod", ["flat:1", "axes"], { Tidx: typeAttr("int32") }),
        node("narrow", "Cast", ["product"], { DstT: typeAttr("int32") }),
      ],
      signatures: { s: { inputs: { x: ["x:0", "string"] }, outputs: { y: ["narrow:0", "int32"] } } },
    });
  const steps = prepareSavedModel(files()).plans.get("s")?.steps ?? [];
  assert.deepEqual(
    steps.map((step) => (step.kind === "kernel" ? step.op : step.kind)),
    ["StringSplitV2", "SparseReshape", "Prod", "Cast"],
  );
  const model = await load(files(), { threads: 1 });
  assert.deepEqual((await model.run("s", new Map([["x", texts(["a b", "c"])]]), [])).get("y"), int32s([], [4]));
});
