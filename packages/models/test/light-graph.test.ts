import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";
import { EngineThread } from "../src/engine/engine-thread.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { type LightGraph, MAX_LIGHT_ELEMENTS, MAX_LIGHT_STEPS } from "../src/light/light-graph.ts";
import { readLightGraph } from "../src/light/read-light-graph.ts";
import { runLightGraph } from "../src/light/run-light-graph.ts";
import { intAttribute } from "../src/onnx/attribute.ts";
import { FunctionProto, type GraphProto, type ModelProto, NodeProto, TensorProto } from "../src/onnx/schema.ts";
import { makeExternalInitialiser, makeInitialiser, makeNode, makeValueInfo } from "../src/onnx/write.ts";
import type { GraphPort } from "../src/runnable-graph.ts";
import { onnxModel, sparseTensor, sumGraph } from "./fixtures/onnx.ts";
import { doubles, feed, floats, int32s } from "./fixtures/tensors.ts";

const smallest = 2 ** -149;
const special = [0, -0, 1, -1, 0.1, 1e38, -3e38, smallest, -smallest, 2 ** -126, 16_777_217, 2.5, -2.5, 0.5, 1 / 3];
const odd = [...special, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];

/** Ports by the names of the graph's values. */
function portsOf(values: GraphProto["input"], dtype: GraphPort["dtype"] = "float32"): Map<string, GraphPort> {
  return new Map(values.map(({ name }, position) => [name, { name, dtype, position }]));
}

function read(graph: GraphProto, parts: Partial<ModelProto> = {}, files = new Map<string, Uint8Array>()) {
  const dtype = graph.input[0]?.type?.tensorType?.elemType === 11 ? "float64" : "float32";
  const ports = { inputs: portsOf(graph.input, dtype), outputs: portsOf(graph.output, dtype) };
  return readLightGraph({ model: onnxModel(graph, parts), ...ports }, files);
}

function readable(...args: Parameters<typeof read>): LightGraph {
  const graph = read(...args);
  assert.ok(graph);
  return graph;
}

/** A graph of inputs `a` and `b` of any shape, with `y` as its output. */
function graphOf(node: readonly NodeProto[], dtype: "float32" | "float64" = "float32", inputs = ["a", "b"]) {
  const input = inputs.map((name) => makeValueInfo(name, dtype));
  return sumGraph({ node, input, output: [makeValueInfo("y", dtype)], initializer: [] });
}

const binary = (opType: string): GraphProto => graphOf([makeNode(opType, ["a", "b"], ["y"])]);
const unary = (opType: string): GraphProto => graphOf([makeNode(opType, ["a"], ["y"])], "float32", ["a"]);

/** Runs a graph by the engine alone. */
async function runByEngine(graph: GraphProto, calls: readonly ReadonlyMap<string, Tensor>[]): Promise<Tensor[]> {
  const engine = new EngineThread();
  const source = new Map([["model.onnx", onnxModel(graph)]]);
  const { light } = await engine.load({ source, tags: undefined, threads: 1 });
  assert.ok(light.has("serving_default"));
  const runs = calls.map((inputs) =>
    engine.run({ signature: "serving_default", inputs: inputs as Map<string, never>, outputs: ["y"] }),
  );
  const results = await Promise.all(runs);
  await engine.close();
  return results.map((outputs) => outputs.get("y") as Tensor);
}

/** Every pair of the numbers. */
function pairs(numbers: readonly number[]): Map<string, Tensor> {
  const [a, b] = [numbers.flatMap((value) => numbers.map(() => value)), numbers.flatMap(() => numbers)];
  return new Map([
    ["a", floats([a.length], a)],
    ["b", floats([b.length], b)],
  ]);
}

for (const opType of ["Add", "Sub", "Mul", "Div"]) {
  test(`${opType} gives every bit that the engine gives`, async () => {
    const inputs = pairs(odd);
    const [expected] = await runByEngine(binary(opType), [inputs]);
    assert.deepEqual(runLightGraph(readable(binary(opType)), inputs, ["y"])?.get("y"), expected);
  });
}

for (const opType of ["Identity", "Neg", "Abs", "Sqrt", "Reciprocal", "Floor", "Ceil"]) {
  test(`${opType} gives every bit that the engine gives`, async () => {
    const inputs = feed(floats([odd.length], odd), "a");
    const [expected] = await runByEngine(unary(opType), [inputs]);
    assert.deepEqual(runLightGraph(readable(unary(opType)), inputs, ["y"])?.get("y"), expected);
  });
}

test("a chain of operations in 64 bits gives what the engine gives", async () => {
  const steps = [
    makeNode("Mul", ["a", "a"], ["s"]),
    makeNode("Sqrt", ["s"], ["r"]),
    makeNode("Div", ["r", "b"], ["y"]),
  ];
  const inputs = new Map([
    ["a", doubles([4], [0.1, -3, 1e200, 5e-324])],
    ["b", doubles([], [3])],
  ]);
  const graph = graphOf(steps, "float64");
  const [expected] = await runByEngine(graph, [inputs]);
  assert.deepEqual(runLightGraph(readable(graph), inputs, ["y"])?.get("y"), expected);
});

test("shapes are broadcast as by the engine, or left to it", async () => {
  const shapes = [[], [1], [3], [1, 3], [2, 3], [2, 1], [4, 2, 3], [4, 1, 3], [1, 1, 1, 1], [4, 2, 1], [2, 2]];
  const combined = shapes.flatMap((a) => shapes.map((b) => [a, b] as const));
  const calls = combined.map(
    ([a, b]) =>
      new Map([
        ["a", floats(a)],
        ["b", floats(b)],
      ]),
  );
  const light = readable(binary("Sub"));
  const answered = calls.flatMap((inputs) => {
    const outputs = runLightGraph(light, inputs, ["y"]);
    return outputs === undefined ? [] : [{ inputs, y: outputs.get("y") }];
  });
  const expected = await runByEngine(
    binary("Sub"),
    answered.map(({ inputs }) => inputs),
  );
  assert.deepEqual(
    answered.map(({ y }) => y),
    expected,
  );
  const isAnswered = (a: readonly number[], b: readonly number[]): boolean =>
    runLightGraph(
      light,
      new Map([
        ["a", floats(a)],
        ["b", floats(b)],
      ]),
      ["y"],
    ) !== undefined;
  assert.ok(isAnswered([4, 2, 3], [3]) && isAnswered([1], [4, 2, 3]) && isAnswered([2, 3], [1, 3]));
  for (const [a, b] of [
    [
      [2, 3],
      [2, 1],
    ],
    [
      [1, 3],
      [2, 1],
    ],
    [[3], [2]],
    [
      [4, 1, 3],
      [2, 3],
    ],
    [[0], [0]],
    [[2, 0], []],
  ]) {
    assert.ok(!isAnswered(a ?? [], b ?? []), JSON.stringify([a, b]));
  }
});

test("half_plus_two is light, with its variables out of the checkpoint", async () => {
  const engine = new EngineThread();
  const { light } = await engine.load({ source: makeHalfPlusTwo(), tags: undefined, threads: 1 });
  await engine.close();
  const graph = light.get("serving_default");
  assert.ok(graph);
  assert.equal(graph.constants.length, 2);
  const outputs = runLightGraph(graph, feed(floats([3], [1, 2, 5])), ["y"]);
  assert.deepEqual(outputs?.get("y"), floats([3], [2.5, 3, 4.5]));
});

test("what a run takes in and computes is bounded, and more is left to the engine", () => {
  const doubling = (steps: number): GraphProto => {
    const name = (step: number): string => (step === 0 ? "a" : step === steps ? "y" : `v${step}`);
    const node = Array.from({ length: steps }, (_, step) =>
      makeNode("Add", [name(step), name(step)], [name(step + 1)]),
    );
    return graphOf(node, "float32", ["a"]);
  };
  const isRun = (graph: LightGraph, elements: number): boolean =>
    runLightGraph(graph, feed(floats([elements]), "a"), ["y"]) !== undefined;
  const [one, seven] = [readable(doubling(1)), readable(doubling(7))];
  assert.deepEqual([isRun(one, MAX_LIGHT_ELEMENTS / 2), isRun(one, MAX_LIGHT_ELEMENTS / 2 + 1)], [true, false]);
  assert.deepEqual([isRun(seven, MAX_LIGHT_ELEMENTS / 8), isRun(seven, MAX_LIGHT_ELEMENTS / 8 + 1)], [true, false]);
  assert.ok(readable(doubling(MAX_LIGHT_STEPS)));
  assert.equal(read(doubling(MAX_LIGHT_STEPS + 1)), undefined);
});

test("an input of a type or a shape that the engine refuses is left to it", () => {
  const declared = readable(sumGraph());
  const run = (tensor: Tensor): unknown => runLightGraph(declared, feed(tensor), ["y"]);
  assert.ok(run(floats([5, 2])));
  for (const tensor of [floats([2]), floats([1, 1]), floats([1, 1, 2]), floats([0, 2]), int32s([1, 2], [1, 2])]) {
    assert.equal(run(tensor), undefined, JSON.stringify(tensor));
  }
  assert.equal(runLightGraph(declared, new Map(), ["y"]), undefined);
});

test("outputs share no memory with constants, inputs or each other", () => {
  const node = [makeNode("Identity", ["w"], ["y"])];
  const output = ["y", "x", "w"].map((name) => makeValueInfo(name, "float32"));
  const graph = readable(sumGraph({ node, output }));
  const named = { ...graph, outputNames: new Map([...graph.outputNames, ["again", 2]]) };
  const input = floats([1, 2], [7, 8]);
  const run = (): Map<string, Tensor> => runLightGraph(named, feed(input), ["y", "again", "x", "w"]) ?? new Map();
  for (const { data } of run().values()) {
    (data as Float32Array).fill(9);
  }
  const values = Array.from(run().values(), ({ data }) => [...(data as Float32Array)]);
  assert.deepEqual(values, [
    [1, 2],
    [1, 2],
    [7, 8],
    [1, 2],
  ]);
});

/** A graph of inputs `a` and `b` with a constant `c` of one number. */
const withConstant = (value: number, node: readonly NodeProto[]): GraphProto => ({
  ...graphOf(node),
  initializer: [makeInitialiser("c", floats([1], [value]))],
});

test("graphs that the engine simplifies without a change are light", () => {
  const half = [makeNode("Div", ["a", "c"], ["v"]), makeNode("Mul", ["v", "b"], ["y"])];
  assert.ok(
    read(withConstant(1, half)) && read(withConstant(2, [half[0] as NodeProto, makeNode("Add", ["v", "c"], ["y"])])),
  );
});

/** What makes a graph one for the engine, each by itself. */
const notLight: Readonly<Record<string, () => LightGraph | undefined>> = {
  "an operation that is approximated": () => read(unary("Exp")),
  "an operation that no list names": () => read(unary("constructor")),
  "an operation of another domain": () =>
    read(graphOf([NodeProto.create({ opType: "Add", domain: "com.microsoft", input: ["a", "b"], output: ["y"] })])),
  "an attribute": () => read(graphOf([makeNode("Add", ["a", "b"], ["y"], [intAttribute("axis", 1)])])),
  "one operand too many": () => read(graphOf([makeNode("Add", ["a", "b", "b"], ["y"])])),
  "one operand too few": () => read(graphOf([makeNode("Add", ["a"], ["y"])], "float32", ["a"])),
  "an operand that is computed later": () =>
    read(graphOf([makeNode("Neg", ["v"], ["y"]), makeNode("Add", ["a", "b"], ["v"])])),
  "a second output": () => read(graphOf([makeNode("Add", ["a", "b"], ["y", "z"])])),
  "a value with two meanings": () =>
    read(graphOf([makeNode("Add", ["a", "b"], ["y"]), makeNode("Sub", ["a", "b"], ["y"])])),
  "types that differ": () => read(sumGraph({ initializer: [makeInitialiser("w", doubles([2], [1, 2]))] })),
  "whole numbers": () =>
    read(
      sumGraph({
        input: [makeValueInfo("x", "int32")],
        output: [makeValueInfo("y", "int32")],
        initializer: [makeInitialiser("w", int32s([2], [1, 2]))],
      }),
    ),
  "an input that is a constant too": () =>
    read(sumGraph({ input: [makeValueInfo("x", "float32"), makeValueInfo("w", "float32")] })),
  "constants that are too large": () => {
    const tensor = floats([MAX_LIGHT_ELEMENTS / 2 + 1]);
    return read(sumGraph({ initializer: [makeInitialiser("w", tensor), makeInitialiser("v", tensor)] }));
  },
  "a constant of no elements with an absurd shape": () =>
    read(sumGraph({ initializer: [makeInitialiser("w", { ...floats([0], []), shape: [0, 2 ** 60] })] })),
  "a constant whose bytes are not there": () => {
    const place = { file: "weights", offset: 4, length: 8 };
    const initializer = [makeExternalInitialiser("w", "float32", [2], place)];
    return read(sumGraph({ initializer }), {}, new Map([["weights", new Uint8Array(11)]]));
  },
  "a constant whose numbers are there twice": () => {
    const rawData = new Uint8Array(Float32Array.of(1, 2).buffer);
    const tensor = makeInitialiser("w", floats([2], [1, 2]));
    return read(
      sumGraph({ initializer: [TensorProto.create({ ...tensor, rawData, floatData: Float32Array.of(3, 4) })] }),
    );
  },
  "a constant whose numbers are in a file too": () => {
    const tensor = makeExternalInitialiser("w", "float32", [2], { file: "weights", offset: 0, length: 8 });
    const initializer = [TensorProto.create({ ...tensor, floatData: Float32Array.of(3, 4) })];
    return read(sumGraph({ initializer }), {}, new Map([["weights", new Uint8Array(8)]]));
  },
  "a number divided by another and multiplied, of which the engine makes one division": () =>
    read(withConstant(1, [makeNode("Div", ["c", "a"], ["v"]), makeNode("Mul", ["v", "b"], ["y"])])),
  "the same with something between": () =>
    read(
      withConstant(1, [
        makeNode("Identity", ["c"], ["one"]),
        makeNode("Div", ["one", "a"], ["v"]),
        makeNode("Identity", ["v"], ["w"]),
        makeNode("Mul", ["b", "w"], ["y"]),
      ]),
    ),
  "a zero that is added, which the engine leaves out": () =>
    read(withConstant(0, [makeNode("Add", ["a", "c"], ["y"])])),
  "a zero that is taken away": () => read(withConstant(-0, [makeNode("Sub", ["a", "c"], ["y"])])),
  "an operation on constants, which the engine works out before": () =>
    read(withConstant(2, [makeNode("Sqrt", ["c"], ["v"]), makeNode("Mul", ["v", "a"], ["y"])])),
  "a sparse constant": () =>
    read(sumGraph({ sparseInitializer: [sparseTensor(makeInitialiser("s", floats([2])), [4n])] })),
  "an operation of the model's own": () => read(sumGraph(), { functions: [FunctionProto.create({ name: "Add" })] }),
  "a second set of operations": () =>
    read(sumGraph(), { opsetImport: ["", "ai.onnx.ml"].map((domain) => ({ domain, version: 18n })) }),
  "operations from before they broadcast": () => read(sumGraph(), { opsetImport: [{ domain: "", version: 6n }] }),
  "a model that is too long": () => read(sumGraph({ name: "n".repeat(MAX_LIGHT_ELEMENTS * 16) })),
  "an input that the signature does not name": () => {
    const model = onnxModel(binary("Add"));
    return readLightGraph({ model, inputs: portsOf([makeValueInfo("a", "float32")]), outputs: new Map() }, new Map());
  },
};

for (const [what, readIt] of Object.entries(notLight)) {
  test(`a graph is not light: ${what}`, () => {
    assert.ok(read(sumGraph()), "the graph without that is light");
    assert.equal(readIt(), undefined);
  });
}
