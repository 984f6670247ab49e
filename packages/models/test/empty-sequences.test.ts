import assert from "node:assert/strict";
import { after, test } from "node:test";

import { intAttribute } from "../src/onnx/attribute.ts";
import { parseOnnxModel } from "../src/onnx/read.ts";
import { AttributeProto, FunctionProto, GraphProto } from "../src/onnx/schema.ts";
import { makeInitialiser, makeNode, makeValueInfo } from "../src/onnx/write.ts";
import { servingError } from "./fixtures/errors.ts";
import { onnxModel } from "./fixtures/onnx.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { booleans, feed, floats } from "./fixtures/tensors.ts";

after(closeModels);

const [FEATURES, UNITS] = [2, 3];
const GATES = { GRU: 3, LSTM: 4, RNN: 1 };
type Kind = keyof typeof GATES;

const layer = (kind: Kind) => makeNode(kind, ["x", "w", "r"], ["y"], [intAttribute("hidden_size", UNITS)]);
const weights = (kind: Kind) => [
  makeInitialiser("w", floats([1, GATES[kind] * UNITS, FEATURES])),
  makeInitialiser("r", floats([1, GATES[kind] * UNITS, UNITS])),
];
const ports = { input: [makeValueInfo("x", "float32")], output: [makeValueInfo("y", "float32")] };

/** The forms in which a model may have the operation. */
const forms: Readonly<Record<string, (kind: Kind) => Uint8Array>> = {
  "by itself": (kind) => onnxModel(GraphProto.create({ ...ports, node: [layer(kind)], initializer: weights(kind) })),
  "in a branch": (kind) => {
    const body = GraphProto.create({ name: "body", node: [layer(kind)], output: ports.output });
    const branches = ["then_branch", "else_branch"].map((name) => AttributeProto.create({ name, g: body, type: 5 }));
    const always = makeInitialiser("always", booleans([], [1]));
    const node = [makeNode("If", ["always"], ["chosen"], branches)];
    const output = [makeValueInfo("chosen", "float32")];
    return onnxModel(GraphProto.create({ ...ports, node, output, initializer: [...weights(kind), always] }));
  },
};

for (const kind of ["GRU", "LSTM", "RNN"] as const) {
  for (const [form, encode] of Object.entries(forms)) {
    test(`${kind} ${form}: a request without elements does not reach the engine, which would end the process`, async () => {
      const model = await load(new Map([["model.onnx", encode(kind)]]), { threads: 1 });
      const run = (shape: readonly number[]) => model.run("serving_default", feed(floats(shape)), []);
      for (const empty of [
        [0, 2, FEATURES],
        [2, 0, FEATURES],
      ]) {
        await assert.rejects(
          run(empty),
          servingError("INVALID_ARGUMENT", /^Input x has no elements, which the model's/),
        );
      }
      const [output] = (await run([4, 2, FEATURES])).values();
      assert.deepEqual(output?.shape, [4, 1, 2, UNITS]);
    });
  }
}

test("operations inside of functions count, and others do not", () => {
  const needsElements = (kind: string): boolean => {
    const definition = FunctionProto.create({ name: "Layer", domain: "own", input: ["x"], output: ["y"] });
    const functions = [{ ...definition, node: [makeNode(kind, ["x"], ["y"])] }];
    const call = { ...makeNode("Layer", ["x"], ["y"]), domain: "own" };
    return parseOnnxModel(onnxModel(GraphProto.create({ ...ports, node: [call] }), { functions })).needsElements;
  };
  assert.deepEqual(["GRU", "LSTM", "RNN", "Relu"].map(needsElements), [true, true, true, false]);
});
