import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { NodeDef, Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import type { Plan } from "../src/plan/plan.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { exampleVector } from "./fixtures/examples.ts";
import { shapesAttr, typesAttr } from "./fixtures/kernel.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { type FixtureModel, floatVariable, type Port, restoreNodes, savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats, int32s, texts } from "./fixtures/tensors.ts";

after(closeModels);

const x = node("x", "Placeholder", [], { dtype: typeAttr("float32") });
const text = node("text", "Placeholder", [], { dtype: typeAttr("string") });

function modelOf(nodes: readonly NodeDef[], outputs: Readonly<Record<string, Port>>): FixtureModel {
  const inputs = { x: ["x:0", "float32"], text: ["text:0", "string"] } as const;
  return { nodes: [x, text, ...nodes], signatures: { s: { inputs, outputs } } };
}

function planOf(model: FixtureModel): Plan {
  const plan = prepareSavedModel(savedModelFiles(model)).plans.get("s");
  assert.ok(plan);
  return plan;
}

const kindsOf = ({ steps }: Plan): string => steps.map(({ kind }) => kind).join(" ");
const both = (numbers: Tensor, strings: Tensor) => new Map([...feed(numbers), ...feed(strings, "text")]);

/** Strings in the shape of `x`, which the engine works out, and the number of their dimensions, which it gets as a float. */
const inTheShapeOfX: readonly NodeDef[] = [
  node("positive", "Relu", ["x"]),
  node("sizes", "Shape", ["positive"]),
  node("shaped", "Reshape", ["text", "sizes"]),
  node("shapedSizes", "Shape", ["shaped"]),
  node("axes", "Size", ["shapedSizes"]),
  node("rank", "Cast", ["axes"], { DstT: typeAttr("float32") }),
];

test("islands and steps of the interpreter stand in the order of what they need", async () => {
  const model = modelOf(inTheShapeOfX, {
    shaped: ["shaped:0", "string"],
    rank: ["rank:0", "float32"],
    positive: ["positive:0", "float32"],
  });
  assert.equal(kindsOf(planOf(model)), "island kernel kernel kernel island");
  const loaded = await load(savedModelFiles(model));
  const strings = texts(["a", "b", "c", "d"]);
  const outputs = await loaded.run("s", both(floats([2, 2], [-1, 2, -3, 4]), strings), []);
  assert.deepEqual(outputs.get("shaped"), { ...strings, shape: [2, 2] });
  assert.deepEqual(outputs.get("rank"), floats([], [2]));
  assert.deepEqual(outputs.get("positive"), floats([2, 2], [0, 2, 0, 4]));
});

test("an island takes what an earlier one computes, and strings that are measured may be any bytes", async () => {
  const nodes = [
    ...inTheShapeOfX,
    node("count", "Size", ["shaped"]),
    node("countAsFloat", "Cast", ["count"], { DstT: typeAttr("float32") }),
    node("sum", "AddV2", ["countAsFloat", "positive"]),
  ];
  const loaded = await load(savedModelFiles(modelOf(nodes, { sum: ["sum:0", "float32"] })));
  const strings: Tensor = { dtype: "string", shape: [2], data: [Uint8Array.of(0xff), new Uint8Array()] };
  const outputs = await loaded.run("s", both(floats([2], [-1, 3]), strings), []);
  assert.deepEqual(outputs.get("sum"), floats([2], [2, 5]));
});

test("what does not wait for the interpreter shares one island, and only steps that outputs need are run", async () => {
  const model = modelOf([...inTheShapeOfX, node("side", "Neg", ["positive"])], {
    shaped: ["shaped:0", "string"],
    side: ["side:0", "float32"],
  });
  assert.equal(kindsOf(planOf(model)), "island kernel");
  const loaded = await load(savedModelFiles(model));
  const inputs = both(floats([3]), texts(["a"]));
  await assert.rejects(
    loaded.run("s", inputs, []),
    servingError("INVALID_ARGUMENT", /^Input to reshape is a tensor with 1/),
  );
  const outputs = await loaded.run("s", inputs, ["side"]);
  assert.deepEqual([...outputs.keys()], ["side"]);
});

test("a graph without strings is one graph of the engine, with all inputs, used or not", () => {
  const prepared = prepareSavedModel(
    savedModelFiles({
      nodes: [x, node("y", "Relu", ["x"]), node("other", "Placeholder", [], { dtype: typeAttr("int64") })],
      signatures: {
        s: {
          inputs: { other: ["other:0", "int64"], x: ["x:0", "float32"] },
          outputs: { y: ["y:0", "float32"] },
        },
      },
    }),
  );
  assert.equal(prepared.plans.size, 0);
  assert.deepEqual([...(prepared.graphs.get("s")?.inputs.keys() ?? [])], ["other", "x"]);
});

test("operations on constants are done once, when the model is loaded", () => {
  const nodes = [
    constantNode("numbers", floats([2, 2])),
    constantNode("shape", int32s([1], [-1])),
    node("flat", "Reshape", ["numbers", "shape"]),
    node("y", "Add", ["x", "flat"]),
  ];
  assert.equal(
    planOf(
      modelOf([...nodes, node("same", "Identity", ["text"])], {
        y: ["y:0", "float32"],
        flat: ["flat:0", "float32"],
        same: ["same:0", "string"],
      }),
    ).constants.size,
    1,
  );
});

test("what operations on constants make is bounded for all of a model (D10)", () => {
  const inputs = Array.from({ length: 64 }, () => "word");
  const joins = Array.from({ length: 5 }, (_, index) => node(`join${index}`, "StringJoin", inputs));
  const outputs = joins.map(({ name }) => [name, [`${name}:0`, "string"] as const] as const);
  const word = constantNode("word", { ...texts(["x".repeat(2 ** 20)]), shape: [] });
  const model = modelOf([word, ...joins], Object.fromEntries(outputs));
  assert.throws(() => prepareSavedModel(savedModelFiles(model)), modelError("bad-graph", /far larger than the values/));
});

test("strings that are handed on may be any bytes, and constants stay whole for the next run", async () => {
  const nodes = [
    node("same", "Identity", ["text"]),
    constantNode("numbers", floats([2], [1, 2])),
    constantNode("word", texts(["w"])),
  ];
  const model = modelOf(nodes, {
    same: ["same:0", "string"],
    numbers: ["numbers:0", "float32"],
    word: ["word:0", "string"],
    x: ["x:0", "float32"],
  });
  assert.equal(kindsOf(planOf(model)), "");
  const loaded = await load(savedModelFiles(model));
  const bytes: Tensor = { dtype: "string", shape: [1], data: [Uint8Array.of(0xff, 0, 0xfe)] };
  for (let run = 0; run < 2; run++) {
    const outputs = await loaded.run("s", both(floats([1], [3]), bytes), []);
    assert.deepEqual(outputs.get("same"), bytes);
    assert.deepEqual(outputs.get("numbers"), floats([2], [1, 2]));
    assert.deepEqual(outputs.get("word"), texts(["w"]));
    assert.deepEqual(outputs.get("x"), floats([1], [3]));
  }
});

test("a variable that the interpreter or the caller needs comes out of an island", async () => {
  const sizes = { dtype: "int32" as const, shape: [2], bytes: new Uint8Array(Int32Array.of(2, -1).buffer) };
  const [names, slices, restore] = restoreNodes("restored", ["sizes", "b"]);
  assert.ok(names && slices && restore);
  const variable = (name: string, index: number) => [
    node(name, "VariableV2"),
    node(`${name}_assign`, "Assign", [name, `restored:${index}`]),
  ];
  const files = savedModelFiles({
    ...modelOf(
      [
        node("saver_filename", "Placeholder", [], { dtype: typeAttr("string") }),
        names,
        slices,
        { ...restore, input: ["saver_filename", "restored_names", "restored_slices"] },
        ...variable("sizes", 0),
        ...variable("b", 1),
        node("all", "NoOp", ["^sizes_assign", "^b_assign"]),
        node("shaped", "Reshape", ["text", "sizes"]),
      ],
      { shaped: ["shaped:0", "string"], b: ["b:0", "float32"] },
    ),
    restoreOperation: "all",
    variables: { sizes, b: floatVariable([1], [4]) },
  });
  const outputs = await (await load(files)).run("s", both(floats([1]), texts(["a", "b", "c", "d"])), []);
  assert.deepEqual(outputs.get("shaped")?.shape, [2, 2]);
  assert.deepEqual(outputs.get("b"), floats([1], [4]));
});

test("Examples go through the interpreter and their features through the engine", async () => {
  const nodes = [
    constantNode("names", texts([])),
    constantNode("none", texts([])),
    constantNode("keys", texts(["v"])),
    constantNode("fallback", floats([1], [10])),
    node("parsed", "ParseExampleV2", ["text", "names", "none", "keys", "none", "fallback"], {
      Tdense: typesAttr(["float32"]),
      dense_shapes: shapesAttr([[1]]),
    }),
    node("y", "Square", ["parsed"]),
  ];
  const files = savedModelFiles(modelOf(nodes, { y: ["y:0", "float32"] }));
  const loaded = await load(files);
  const outputs = await loaded.run("s", both(floats([1]), exampleVector([{ v: Float32Array.of(3) }, {}])), []);
  assert.deepEqual(outputs.get("y"), floats([2, 1], [9, 100]));
  await assert.rejects(
    loaded.run("s", both(floats([1]), texts(["not an Example"])), []),
    servingError("INVALID_ARGUMENT", "Could not parse example input, value: '<redacted>'"),
  );
});

test("an output that an interpreted operation lacks is refused", () => {
  assert.throws(
    () => planOf(modelOf([node("y", "Reshape", ["text", "x"]), node("z", "Relu", ["y:1"])], { z: ["z:0", "float32"] })),
    modelError("unsupported-op", /output 1 of operation Reshape/),
  );
});

test("an assertion that does not hold ends the run, though nothing takes anything from it", async () => {
  const model = modelOf(
    [
      constantNode("zero", floats([], [0])),
      node("positive", "Greater", ["x", "zero"]),
      node("holds", "Assert", ["positive", "text"]),
      node("y", "Neg", ["x", "^holds"]),
    ],
    { y: ["y:0", "float32"] },
  );
  const loaded = await load(savedModelFiles(model));
  assert.deepEqual((await loaded.run("s", both(floats([1], [2]), texts([])), [])).get("y"), floats([1], [-2]));
  await assert.rejects(
    loaded.run("s", both(floats([2], [2, -1]), texts(["secret"])), []),
    servingError("INVALID_ARGUMENT", /^an assertion of the model does not hold for the inputs$/),
  );
});
