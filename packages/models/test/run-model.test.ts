import assert from "node:assert/strict";
import { after, test } from "node:test";

import { ProtocolError, ServingError, type Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { makeTinyClassifier } from "../src/examples/tiny-classifier.ts";
import { loadModel } from "../src/load-model.ts";
import { makeNode, makeValueInfo } from "../src/onnx/write.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { onnxFiles } from "./fixtures/onnx.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { floatVariable, halfPlusTwoWithFunctions, savedModelFiles } from "./fixtures/saved-model.ts";
import { doubles, feed, floats, int32s, texts } from "./fixtures/tensors.ts";

after(closeModels);

test("a call that does not fit the signature is refused", async () => {
  const model = await load(makeHalfPlusTwo());
  const call = (inputs: ReadonlyMap<string, Tensor>, outputs: string[] = [], signature = "serving_default") =>
    model.run(signature, inputs, outputs);
  const invalid = (message: string) => servingError("INVALID_ARGUMENT", message);
  await assert.rejects(call(feed(texts(["a"]))), invalid("Expects arg[0] to be float but string is provided"));
  await assert.rejects(call(feed(doubles([1], [1]))), invalid("Expects arg[0] to be float but double is provided"));
  await assert.rejects(call(feed(floats([1]), "a")), invalid("The call lacks input x"));
  await assert.rejects(call(feed(floats([1])), ["z"]), invalid("The model has no output z"));
  await assert.rejects(
    call(feed(floats([1])), [], "nowhere"),
    servingError("FAILED_PRECONDITION", 'Serving signature key "nowhere" not found.'),
  );
});

test("an input without elements may not stand for gigabytes of them (E1)", async () => {
  const nodes = [
    node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
    constantNode("axis", int32s([], [0])),
    node("y", "Sum", ["x", "axis"]),
  ];
  const signature = { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } as const;
  const model = await load(savedModelFiles({ nodes, signatures: { s: signature } }));
  const sum = async (shape: number[]) => (await model.run("s", feed(floats(shape, [])), [])).get("y");
  expectTensor(await sum([0, 3]), floats([3], [0, 0, 0]));
  assert.deepEqual((await sum([0, 2 ** 12, 2 ** 12]))?.shape, [2 ** 12, 2 ** 12]);
  await assert.rejects(sum([2 ** 12, 0, 2 ** 12 + 1]), servingError("INVALID_ARGUMENT", /^Input x has no elements/));
});

test("arguments are numbered by the names of the fed tensors", async () => {
  const nodes = [
    node("b", "Placeholder", [], { dtype: typeAttr("float32") }),
    node("a", "Placeholder", [], { dtype: typeAttr("int64") }),
    node("y", "Relu", ["b"]),
  ];
  const inputs = { first: ["b:0", "float32"], second: ["a:0", "int64"] } as const;
  const model = await load(
    savedModelFiles({ nodes, signatures: { s: { inputs, outputs: { y: ["y:0", "float32"] } } } }),
  );
  const wrong = new Map([
    ["first", texts(["t"])],
    ["second", { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) } as const],
  ]);
  await assert.rejects(
    model.run("s", wrong, []),
    servingError("INVALID_ARGUMENT", "Expects arg[1] to be float but string is provided"),
  );
});

test("the graph's type of a fed tensor counts, not a false one in the signature", async () => {
  const nodes = [node("x", "Placeholder", [], { dtype: typeAttr("float64") }), node("y", "Relu", ["x"])];
  const signatures = { s: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float64"] } } } as const;
  const model = await load(savedModelFiles({ nodes, signatures }));
  expectTensor((await model.run("s", feed(doubles([1], [2])), [])).get("y"), doubles([1], [2]));
});

test("inputs that the operations fail on are told without values", async () => {
  const model = await load(makeTinyClassifier());
  const run = (tensor: Tensor) => model.run("serving_default", feed(tensor, "features"), []);
  await assert.rejects(
    run(floats([1, 3], [41.5, 42.5, 43.5])),
    servingError("INVALID_ARGUMENT", /^Got invalid dimensions for input: features .*Got: 3 Expected: 2$/),
  );
  await assert.rejects(
    run(floats([6], [1, 2, 3, 4, 5, 6])),
    servingError("INVALID_ARGUMENT", /^Invalid rank for input: features Got: 1 Expected: 2$/),
  );
  const free = await load(onnxFiles({ input: [makeValueInfo("x", "float32")] }));
  await assert.rejects(
    free.run("serving_default", feed(floats([3], [41.5, 42.5, 43.5])), []),
    servingError("INVALID_ARGUMENT", "Operation Add failed: the inputs do not fit the model"),
  );
  const gather = onnxFiles({
    node: [makeNode("Gather", ["w", "x"], ["y"])],
    input: [makeValueInfo("x", "int64")],
    output: [makeValueInfo("y", "float32")],
  });
  await assert.rejects(
    (await load(gather)).run(
      "serving_default",
      feed({ dtype: "int64", shape: [1], data: BigInt64Array.of(4177n) }),
      [],
    ),
    (error: unknown) =>
      error instanceof ServingError && error.code === "INVALID_ARGUMENT" && !/4177/.test(error.message),
  );
});

test("data that do not fit their shape never reach the engine", async () => {
  const model = await load(makeHalfPlusTwo());
  const short: Tensor = { dtype: "float32", shape: [3], data: Float32Array.of(1) };
  await assert.rejects(model.run("serving_default", feed(short), []), /length/);
});

test("strings and booleans go through, strings only as UTF-8", async () => {
  const model = await load(
    onnxFiles({
      node: [makeNode("Identity", ["x"], ["y"]), makeNode("Not", ["flag"], ["not"])],
      input: [makeValueInfo("x", "string"), makeValueInfo("flag", "bool")],
      output: [makeValueInfo("y", "string"), makeValueInfo("not", "bool")],
    }),
  );
  const flag: Tensor = { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) };
  const outputs = await model.run(
    "serving_default",
    new Map([
      ["x", texts(["", "né"])],
      ["flag", flag],
    ]),
    [],
  );
  assert.deepEqual(outputs.get("y"), texts(["", "né"]));
  assert.deepEqual(outputs.get("not")?.data, Uint8Array.of(1, 0));
  const illFormed: Tensor = { dtype: "string", shape: [1], data: [Uint8Array.of(0xff)] };
  await assert.rejects(
    model.run(
      "serving_default",
      new Map([
        ["x", illFormed],
        ["flag", flag],
      ]),
      [],
    ),
    servingError("INVALID_ARGUMENT", /UTF-8/),
  );
});

test("16-bit floats go through as their bits", async () => {
  const graph = {
    node: [makeNode("Identity", ["x"], ["y"])],
    input: [makeValueInfo("x", "float16")],
    output: [makeValueInfo("y", "float16")],
  };
  const model = await load(onnxFiles(graph));
  const halves: Tensor = { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xfbff) };
  assert.deepEqual((await model.run("serving_default", feed(halves), [])).get("y"), halves);
});

test("the inputs of a run are left as they are, and runs at the same time do not mix", async () => {
  const model = await load(makeHalfPlusTwo(), { threads: 1 });
  const inputs = Array.from({ length: 40 }, (_, index) => floats([2], [index, -index]));
  const outputs = await Promise.all(inputs.map((input) => model.run("serving_default", feed(input), [])));
  outputs.forEach((output, index) => {
    expectTensor(output.get("y"), floats([2], [index / 2 + 2, -index / 2 + 2]));
    expectTensor(inputs[index], floats([2], [index, -index]));
  });
});

test("large inputs that are given away are moved, unless others share their buffer", async () => {
  const model = await load(makeHalfPlusTwo(), { threads: 1 });
  const LARGE = 1 << 14;
  const given = { ...floats([LARGE]), data: new Float32Array(LARGE).fill(2) };
  const three = { ...given, data: new Float32Array(LARGE).fill(3) };
  const shared = Float32Array.of(7, 6, 8, 9);
  const part: Tensor = { dtype: "float32", shape: [2], data: shared.subarray(1, 3) };
  const run = async (input: Tensor, moveInputs?: boolean) =>
    (await model.run("serving_default", feed(input), [], { moveInputs })).get("y");
  expectTensor(await run(given), three);
  assert.equal(given.data.length, LARGE, "copied unless it is said that they are given away");
  expectTensor(await run(given, true), three);
  assert.equal(given.data.length, 0);
  await assert.rejects(run(given, true), ProtocolError, "what is gone is not run as if it were there");
  expectTensor(await run(part, true), floats([2], [5, 6]));
  assert.deepEqual(shared, Float32Array.of(7, 6, 8, 9));
});

test("a run that is left out before it is sent keeps its inputs", async () => {
  const model = await load(makeHalfPlusTwo(), { threads: 1 });
  const given = floats([1 << 14]);
  const options = { moveInputs: true, signal: AbortSignal.abort(new Error("gone")) };
  await assert.rejects(model.run("serving_default", feed(given), [], options), /gone/);
  assert.equal(given.data.length, 1 << 14);
});

test("an input that the model gives back as it came is still there, however large", async () => {
  const [x, word] = [floats([1 << 15]), texts(["A"])];
  const model = await load(
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
        node("texts", "Placeholder", [], { dtype: typeAttr("string") }),
        node("same", "Identity", ["x"], { T: typeAttr("float32") }),
        node("lower", "StringLower", ["texts"]),
      ],
      signatures: {
        s: {
          inputs: { x: ["x:0", "float32"], texts: ["texts:0", "string"] },
          outputs: { y: ["same:0", "float32"], z: ["x:0", "float32"], lower: ["lower:0", "string"] },
        },
      },
    }),
  );
  const inputs = new Map<string, Tensor>([
    ["x", structuredClone(x)],
    ["texts", word],
  ]);
  const outputs = await model.run("s", inputs, [], { moveInputs: true });
  assert.equal(inputs.get("x")?.data.length, 0);
  expectTensor(outputs.get("y"), x);
  expectTensor(outputs.get("z"), x);
});

test("a signature without inputs gives its constants and variables", async () => {
  const model = await load(
    savedModelFiles({
      ...halfPlusTwoWithFunctions(),
      nodes: [...halfPlusTwoWithFunctions().nodes, node("value", "ReadVariableOp", ["a"])],
      variables: { "a/value": floatVariable([2], [7, 8]), "b/value": floatVariable([], [2]) },
      signatures: { value: { outputs: { a: ["value:0", "float32"] } } },
    }),
  );
  expectTensor((await model.run("value", new Map(), [])).get("a"), floats([2], [7, 8]));
});

test("two names for one tensor: the later one counts", async () => {
  const nodes = [node("x", "Placeholder", [], { dtype: typeAttr("float32") }), node("y", "Relu", ["x"])];
  const inputs = { a: ["x:0", "float32"], b: ["x", "float32"] } as const;
  const model = await load(
    savedModelFiles({ nodes, signatures: { s: { inputs, outputs: { y: ["y:0", "float32"] } } } }),
  );
  const outputs = await model.run(
    "s",
    new Map([
      ["a", floats([1], [1])],
      ["b", floats([1], [2])],
    ]),
    [],
  );
  expectTensor(outputs.get("y"), floats([1], [2]));
});

test("a closed model refuses runs, and closing twice is no error", async () => {
  const model = await loadModel(makeHalfPlusTwo());
  const running = model.run("serving_default", feed(floats([1], [2])), []);
  await model.close();
  expectTensor((await running).get("y"), floats([1], [3]));
  await model.close();
  await assert.rejects(model.run("serving_default", feed(floats([1])), []), modelError("closed"));
});
