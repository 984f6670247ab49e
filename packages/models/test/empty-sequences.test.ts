import assert from "node:assert/strict";
import { after, test } from "node:test";

import { convertModel } from "../src/convert/convert-model.ts";
import { graphAttribute, intAttribute, textAttribute } from "../src/onnx/attribute.ts";
import { withBodies } from "../src/onnx/bodies.ts";
import { parseOnnxModel } from "../src/onnx/read.ts";
import { type AttributeProto, FunctionProto, GraphProto, ModelProto, type NodeProto } from "../src/onnx/schema.ts";
import { makeInitialiser, makeNode, makeValueInfo } from "../src/onnx/write.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { onnxModel, sumGraph } from "./fixtures/onnx.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { recurrentModel } from "./fixtures/recurrent.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { booleans, floats, numbersOf } from "./fixtures/tensors.ts";

after(closeModels);

const [FEATURES, UNITS] = [2, 3];
/** Where the engine puts a branch in the place of its condition, it forgets the names in it. */
const GIVEN_UP = /^A recurrent operation of the model got no steps, an empty|^Operation Reshape failed/;
const GATES = { GRU: 3, LSTM: 4, RNN: 1 };
type Kind = keyof typeof GATES;

const whole = (values: readonly number[]) =>
  ({ dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) }) as const;
const ones = (shape: readonly number[]) => floats(shape, Array(shape.reduce((count, size) => count * size)).fill(1));
const layer = (kind: Kind, domain = "") => ({
  ...makeNode(kind, ["cut", "w", "r"], ["y"], [intAttribute("hidden_size", UNITS)]),
  domain,
});
const weights = (kind: Kind) => [
  makeInitialiser("w", floats([1, GATES[kind] * UNITS, FEATURES], Array(GATES[kind] * UNITS * FEATURES).fill(0.1))),
  makeInitialiser("r", floats([1, GATES[kind] * UNITS, UNITS])),
  makeInitialiser("zeros", whole([0, 0, 0])),
];
/** The sizes of what the layer gets are numbers that are asked with. */
const cut = makeNode("Slice", ["x", "zeros", "sizes"], ["cut"]);
const ports = {
  input: [makeValueInfo("x", "float32"), makeValueInfo("sizes", "int64")],
  output: [makeValueInfo("y", "float32")],
};
const graph = (kind: Kind, ...node: NodeProto[]) =>
  GraphProto.create({ name: "layer", ...ports, node: [cut, ...node], initializer: weights(kind) });
/** What is in a body has names of its own. */
const inner = {
  node: (kind: Kind) => ({ ...layer(kind), output: ["inner"] }),
  output: [makeValueInfo("inner", "float32")],
};
const bodyOf = (kind: Kind) => GraphProto.create({ name: "body", node: [inner.node(kind)], output: inner.output });
const inBranch = (kind: Kind) =>
  makeNode(
    "If",
    ["always"],
    ["y"],
    ["then_branch", "else_branch"].map((name) => graphAttribute(name, bodyOf(kind))),
  );

/** The forms in which a model may have the operation. */
const forms: Readonly<Record<string, (kind: Kind) => Uint8Array>> = {
  "by itself": (kind) => onnxModel(graph(kind, layer(kind))),
  "by the long name of its domain": (kind) => onnxModel(graph(kind, layer(kind, "ai.onnx"))),
  "in a branch": (kind) => {
    const always = makeNode("Identity", ["truth"], ["always"]);
    const outer = graph(kind, always, inBranch(kind));
    const truth = makeInitialiser("truth", booleans([], [1]));
    return onnxModel({ ...outer, initializer: [...outer.initializer, truth] });
  },
  "in a loop": (kind) => {
    const turn = GraphProto.create({
      name: "turn",
      node: [makeNode("Identity", ["goes"], ["on"]), inner.node(kind)],
      input: [makeValueInfo("turn", "int64", []), makeValueInfo("goes", "bool", [])],
      output: [makeValueInfo("on", "bool", []), ...inner.output],
    });
    const loop = makeNode("Loop", ["once", ""], ["each"], [graphAttribute("body", turn)]);
    const first = makeNode("Gather", ["each", "none"], ["y"]);
    const outer = graph(kind, loop, { ...first, attribute: [intAttribute("axis", 0)] });
    const numbers = [
      makeInitialiser("once", { ...whole([1]), shape: [] }),
      makeInitialiser("none", { ...whole([0]), shape: [] }),
    ];
    return onnxModel({ ...outer, initializer: [...outer.initializer, ...numbers] });
  },
  "in a function": (kind) => {
    const definition = FunctionProto.create({ name: "Layer", domain: "own", input: ["cut", "w", "r"], output: ["y"] });
    const call = { ...makeNode("Layer", ["cut", "w", "r"], ["y"]), domain: "own" };
    const bytes = onnxModel(graph(kind, call), {
      opsetImport: [
        { domain: "", version: 18n },
        { domain: "own", version: 1n },
      ],
    });
    return Buffer.concat([bytes, functionField({ ...definition, node: [layer(kind)] })]);
  },
};

/** A function as a field of a model, with the operator set that it imports, of which the schema here knows nothing. */
function functionField(definition: FunctionProto): Uint8Array {
  const [field, operatorSet] = [(25 << 3) | 2, [(9 << 3) | 2, 4, (1 << 3) | 2, 0, 2 << 3, 18]];
  const content = Buffer.concat([FunctionProto.encode(definition), Uint8Array.from(operatorSet)]);
  const length = [(content.length & 0x7f) | 0x80, content.length >> 7];
  return Buffer.concat([Uint8Array.of((field & 0x7f) | 0x80, field >> 7, ...length), content]);
}

for (const kind of ["GRU", "LSTM", "RNN"] as const) {
  for (const [form, encode] of Object.entries(forms)) {
    test(`${kind} ${form}: sizes of 0 that the model computes fail the run and do not end the process (D10)`, async () => {
      const model = await load(new Map([["model.onnx", encode(kind)]]), { threads: 1 });
      const run = (shape: readonly number[], sizes: readonly number[]) =>
        model.run(
          "serving_default",
          new Map([
            ["x", ones(shape)],
            ["sizes", whole(sizes)],
          ]),
          [],
        );
      const refused = servingError("INVALID_ARGUMENT", GIVEN_UP);
      for (const sizes of [
        [0, 9, 9],
        [9, 0, 9],
        [0, 0, 9],
        [9, 9, 0],
      ]) {
        await assert.rejects(run([4, 2, FEATURES], sizes), refused, `sizes ${sizes.join()}`);
      }
      await assert.rejects(run([0, 2, FEATURES], [9, 9, 9]), refused);
      const [output] = (await run([4, 2, FEATURES], [9, 9, 9])).values();
      assert.deepEqual(output?.shape, [4, 1, 2, UNITS]);
      assert.notEqual(numbersOf(output)[0], 0);
    });
  }
}

/** Operations other than recurrent ones at which the engine would end the process, with a shape at which it does. */
const others: Readonly<Record<string, Other>> = {
  TopK: { shape: [0, 4], inputs: ["cut", "k"], outputs: ["y", "places"] },
  Unique: { shape: [3, 0], attributes: [intAttribute("axis", 0)] },
  Einsum: { shape: [0, 4, 2, 4], inputs: ["cut", "cut"], attributes: [textAttribute("equation", "aecd,abcd->acbe")] },
  InstanceNormalization: { shape: [2, 2, 0, 4], inputs: ["cut", "scale", "scale"] },
  DFT: { shape: [3, 0, 1] },
  Multinomial: { shape: [2, 4, 0], outputs: [], also: "x" },
};

interface Other {
  readonly shape: readonly number[];
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly attributes?: readonly AttributeProto[];
  /** The graph's output where the operation does not give it. */
  readonly also?: string;
}

for (const [opType, { shape, inputs = ["cut"], outputs = ["y"], attributes = [], also }] of Object.entries(others)) {
  test(`${opType}: a tensor without elements fails the run and does not end the process (D10, E1)`, async () => {
    const results = outputs.length > 0 ? outputs : ["unused"];
    const slice = makeNode("Slice", ["x", "starts", "sizes"], ["cut"]);
    const own = makeNode(opType, inputs, results, attributes);
    const node = [
      slice,
      own,
      ...(also === undefined ? [] : [makeNode("Cast", ["unused"], ["y"], [intAttribute("to", 1)])]),
    ];
    const initializer = [
      makeInitialiser("starts", whole(shape.map(() => 0))),
      makeInitialiser("k", whole([1])),
      makeInitialiser("scale", ones([2])),
    ];
    const bytes = onnxModel(GraphProto.create({ name: "graph", ...ports, node, initializer }));
    const model = await load(new Map([["model.onnx", bytes]]), { threads: 1 });
    const full = shape.map((size) => Math.max(1, size));
    const run = (sizes: readonly number[]) =>
      model.run(
        "serving_default",
        new Map([
          ["x", ones(full)],
          ["sizes", whole(sizes)],
        ]),
        [],
      );
    await assert.rejects(run(shape), servingError("INVALID_ARGUMENT", /got a tensor without elements/));
    if (opType !== "Multinomial") {
      assert.ok((await run(full)).has("y"));
    }
  });
}

test("sizes that a model declares do not undo the guard", async () => {
  const declared = {
    ...graph("GRU", layer("GRU")),
    input: [makeValueInfo("x", "float32", [4, 2, FEATURES]), makeValueInfo("sizes", "int64")],
  };
  const node = [cut, makeNode("Transpose", ["cut"], ["same"]), makeNode("Transpose", ["same"], ["again"])];
  const gru = { ...layer("GRU"), input: ["again", "w", "r"] };
  const model = await load(new Map([["model.onnx", onnxModel({ ...declared, node: [...node, gru] })]]), { threads: 1 });
  const inputs = new Map([
    ["x", ones([4, 2, FEATURES])],
    ["sizes", whole([4, 0, 2])],
  ]);
  await assert.rejects(model.run("serving_default", inputs, []), servingError("INVALID_ARGUMENT", /./));
});

const operationsOf = (bytes: Uint8Array): string[] => {
  const { graph: own, functions } = ModelProto.decode(bytes);
  const nodes = [...(own?.node ?? []), ...functions.flatMap(({ node }) => node)];
  return [...withBodies(nodes)].map(({ opType }) => opType);
};
const guarded = (kind: string) => ["Constant", "Reshape", "Constant", "Reshape", kind];

test("the engine's own recurrent operations are guarded, functions of the model with such a name are not", () => {
  const call = (opType: string, domain: string) => ({ ...makeNode(opType, ["x"], ["y"]), domain });
  const definition = {
    ...FunctionProto.create({ name: "LSTM", domain: "own" }),
    node: [makeNode("Relu", ["x"], ["y"])],
  };
  const read = (node: NodeProto) =>
    operationsOf(parseOnnxModel(onnxModel(sumGraph({ node: [node] }), { functions: [definition] })).model);
  assert.deepEqual(read(call("DynamicQuantizeLSTM", "com.microsoft")), [...guarded("DynamicQuantizeLSTM"), "Relu"]);
  assert.deepEqual(read(call("AttnLSTM", "com.microsoft")), [...guarded("AttnLSTM"), "Relu"]);
  assert.deepEqual(read(call("LSTM", "own")), ["LSTM", "Relu"]);
});

test("a model without recurrent operations goes to the engine as it is, one with them keeps all else", () => {
  const plain = onnxModel(sumGraph());
  assert.equal(parseOnnxModel(plain).model, plain);
  const bytes = onnxModel(graph("LSTM", layer("LSTM")));
  const unknown = Uint8Array.of((6 << 3) | 2, 3, 97, 98, 99);
  const { model } = parseOnnxModel(Buffer.concat([bytes, unknown]));
  assert.deepEqual(model.subarray(-unknown.length), unknown);
  const [given, kept] = [ModelProto.decode(bytes), ModelProto.decode(model)];
  assert.deepEqual(kept.graph?.initializer, given.graph?.initializer);
  const [last] = kept.graph?.node.slice(-1) ?? [];
  assert.deepEqual(last?.input.slice(1), ["w", "r"]);
  assert.deepEqual(operationsOf(model), ["Slice", ...guarded("LSTM")]);
});

test("a guarded operation without an input is refused", () => {
  for (const [opType, input] of ["LSTM", "TopK"].flatMap((name) => [[name, []] as const, [name, [""]] as const])) {
    const node = [makeNode(opType, input, ["y"])];
    assert.throws(() => parseOnnxModel(onnxModel(sumGraph({ node }))), modelError("bad-onnx"));
  }
});

test("a converted layer is guarded in its branch", () => {
  const files = savedModelFiles(recurrentModel({ lstm: { kind: "LSTM", features: 3, units: 5 } }));
  const { model } = parseOnnxModel(convertModel(files, { signature: "lstm", weightsFile: "weights" }).model);
  const operations = operationsOf(model);
  const place = operations.indexOf("LSTM");
  assert.deepEqual(operations.slice(place - 4, place + 1), guarded("LSTM"));
});
