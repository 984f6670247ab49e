import assert from "node:assert/strict";
import { after, test } from "node:test";

import { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";

import { type ConvertOptions, convertModel } from "../src/convert/convert-model.ts";
import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxFiles } from "./fixtures/onnx.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { biasModel, halfPlusTwoWithFunctions, savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats } from "./fixtures/tensors.ts";

after(closeModels);

const x = node("x", "Placeholder", [], { dtype: typeAttr("float32") });
const text = node("text", "Placeholder", [], { dtype: typeAttr("string") });

const convert = (files: ReadonlyMap<string, Uint8Array>, options: Partial<ConvertOptions> = {}) =>
  convertModel(files, { weightsFile: "m.onnx.data", ...options });

/** One output of names that the importer gives to values itself, an input as it is, and a constant. */
const awkward = () =>
  savedModelFiles({
    nodes: [x, constantNode("one", floats([1], [7])), node("y", "Neg", ["x"])],
    signatures: {
      serving_default: {
        inputs: { v0: ["x:0", "float32"], "graph/v1": ["x:0", "float32"] },
        outputs: { output_0: ["y:0", "float32"], input_0: ["x:0", "float32"], c: ["one:0", "float32"] },
      },
      nothing: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["x:0", "float32"] } },
    },
  });

test("a converted signature gives the same under the signature's names", async () => {
  const saved = await load(savedModelFiles(halfPlusTwoWithFunctions()));
  const { model, inputs, outputs } = convert(savedModelFiles(halfPlusTwoWithFunctions()));
  assert.deepEqual([inputs, outputs], [["x"], ["y"]]);
  const onnx = await load(new Map([["model.onnx", model]]));
  const given = feed(floats([2], [1, 5]));
  assert.deepEqual(await onnx.run("serving_default", given, []), await saved.run("serving_default", given, []));
});

test("names that clash with the graph's own, inputs as they are and constants are converted", async () => {
  const onnx = await load(new Map([["model.onnx", convert(awkward()).model]]));
  const given = new Map([...feed(floats([1], [3]), "v0"), ...feed(floats([1], [3]), "graph/v1")]);
  const outputs = await onnx.run("serving_default", given, []);
  assert.deepEqual(
    outputs,
    new Map([
      ...feed(floats([1], [-3]), "output_0"),
      ...feed(floats([1], [3]), "input_0"),
      ...feed(floats([1], [7]), "c"),
    ]),
  );
  const nothing = await load(new Map([["model.onnx", convert(awkward(), { signature: "nothing" }).model]]));
  assert.deepEqual(await nothing.run("serving_default", feed(floats([1], [3])), []), feed(floats([1], [3]), "y"));
});

test("weights stand in the model, or in a file beside it that the engine takes", async () => {
  const inside = convert(savedModelFiles(biasModel(512)));
  assert.equal(inside.weights.length, 0);
  const { model, weights: parts } = convert(savedModelFiles(biasModel(512)), { weightsOutside: true });
  assert.ok(model.length < 1024);
  const data = Buffer.concat(parts);
  for (const session of [
    await InferenceSession.create(inside.model),
    await InferenceSession.create(model, { externalData: [{ path: "m.onnx.data", data }] }),
  ]) {
    const { y } = await session.run({ x: new RuntimeTensor("float32", Float32Array.of(1), [1]) });
    assert.deepEqual(
      y?.data,
      Float32Array.from({ length: 512 }, (_, index) => index + 1),
    );
    await session.release();
  }
});

test("a later operator set is declared, one that is not written is refused", async () => {
  const { model } = convert(savedModelFiles(biasModel(512)), { operatorSet: 21 });
  const onnx = await load(new Map([["model.onnx", model]]));
  assert.equal((await onnx.run("serving_default", feed(floats([1], [1])), [])).get("y")?.data[2], 3);
  for (const operatorSet of [17, 22, 0]) {
    assert.throws(
      () => convert(savedModelFiles(biasModel(512)), { operatorSet }),
      modelError("not-convertible", /operator set/),
    );
  }
});

test("a signature that is not one ONNX graph is refused with what it needs", () => {
  const files = savedModelFiles({
    nodes: [x, text, node("lower", "StringLower", ["text"]), node("y", "Strange", ["x"]), node("z", "Neg", ["x"])],
    signatures: {
      strings: { inputs: { text: ["text:0", "string"] }, outputs: { y: ["lower:0", "string"] } },
      strange: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } },
      twice: { inputs: { x: ["x:0", "float32"] }, outputs: { x: ["z:0", "float32"] } },
      empty: { outputs: {} },
    },
  });
  const refuse = (signature: string | undefined, code: Parameters<typeof modelError>[0], message: RegExp) =>
    assert.throws(() => convert(files, { signature }), modelError(code, message));
  refuse(
    "strings",
    "not-convertible",
    /signature "strings" is not one ONNX graph: the engine does not run StringLower/,
  );
  refuse("strange", "unsupported-op", /Strange .*signature "strange"/);
  refuse("twice", "not-convertible", /has the name "x" for an input and for an output/);
  refuse(undefined, "not-convertible", /no signature "serving_default"/);
  refuse("empty", "not-convertible", /no signature "empty" to convert/);
});

test("what is no SavedModel is refused", () => {
  assert.throws(() => convert(onnxFiles()), modelError("not-convertible", /ONNX model already/));
  assert.throws(() => convert(new Map()), modelError("no-model"));
  assert.throws(() => convert(new Map([["saved_model.pb", Buffer.from("nonsense")]])), modelError("bad-saved-model"));
});
