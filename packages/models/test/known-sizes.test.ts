// What the shapes that follow from weights spare the engine, and what they must not spare it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { NodeDef } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { loadModel } from "../src/load-model.ts";
import { ModelProto } from "../src/onnx/schema.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { servingError } from "./fixtures/errors.ts";
import { expectTensor, integersAttr, textAttr } from "./fixtures/operation-case.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats } from "./fixtures/tensors.ts";

const CONVOLVE = { strides: integersAttr([1, 1, 1, 1]), padding: textAttr("VALID") };

/** A model of one input `x` and one output `out`. */
function modelOf(...nodes: readonly NodeDef[]): Map<string, Uint8Array> {
  return savedModelFiles({
    nodes: [node("x", "Placeholder", [], { dtype: typeAttr("float32") }), ...nodes],
    signatures: { serving_default: { inputs: { x: ["x:0", "float32"] }, outputs: { out: ["out:0", "float32"] } } },
  });
}

/** A convolution of three channels to two, and a vector that is added to them. */
function biasedConvolution(biases: readonly number[]): Map<string, Uint8Array> {
  return modelOf(
    constantNode("filter", floats([1, 1, 3, 2], [1, 0, 0, 1, 0, 0])),
    node("convolved", "Conv2D", ["x", "filter"], CONVOLVE),
    constantNode("biases", floats([biases.length], biases)),
    node("out", "BiasAdd", ["convolved", "biases"]),
  );
}

/** Two matrices that the input is multiplied by, one after the other, with biases. */
function denseLayers(): Map<string, Uint8Array> {
  return modelOf(
    constantNode("a", floats([2, 3], [1, 0, 0, 0, 1, 0])),
    node("first", "MatMul", ["x", "a"]),
    constantNode("biases", floats([3], [1, 2, 3])),
    node("biased", "BiasAdd", ["first", "biases"]),
    constantNode("b", floats([3, 1], [1, 10, 100])),
    node("out", "MatMul", ["biased", "b"]),
  );
}

function operationsOf(files: Map<string, Uint8Array>): string[] {
  const [graph] = prepareSavedModel(files).graphs.values();
  return ModelProto.decode(graph?.model ?? new Uint8Array()).graph?.node.map(({ opType }) => opType) ?? [];
}

async function run(files: Map<string, Uint8Array>, shape: readonly number[], values?: readonly number[]) {
  const model = await loadModel(files);
  try {
    return (await model.run("serving_default", feed(floats(shape, values)), [])).get("out");
  } finally {
    await model.close();
  }
}

describe("biases of a convolution", () => {
  test("are added as they are when there is one for each channel", async () => {
    const files = biasedConvolution([10, 20]);
    assert.deepEqual(operationsOf(files).includes("Shape"), false);
    expectTensor(await run(files, [1, 1, 1, 3], [1, 2, 3]), floats([1, 1, 1, 2], [11, 22]));
  });

  test("fail the run when they are one for all channels, which the engine would repeat", async () => {
    await assert.rejects(run(biasedConvolution([10]), [1, 1, 1, 3]), servingError("INVALID_ARGUMENT", /do not fit/));
  });

  test("fail the run when they are too many", async () => {
    await assert.rejects(
      run(biasedConvolution([1, 2, 3, 4]), [1, 1, 1, 3]),
      servingError("INVALID_ARGUMENT", /do not fit/),
    );
  });
});

describe("a product of matrices", () => {
  test("is known to be a matrix, so that the next one takes it as it is", async () => {
    assert.equal(operationsOf(denseLayers()).filter((opType) => opType === "Shape").length, 1);
    expectTensor(await run(denseLayers(), [1, 2], [5, 6]), floats([1, 1], [6 + 80 + 300]));
  });

  test("fails the run when its own input is a stack of matrices", async () => {
    await assert.rejects(run(denseLayers(), [1, 1, 2]), servingError("INVALID_ARGUMENT", /do not fit/));
  });

  test("fails the run when its own input is a vector", async () => {
    await assert.rejects(run(denseLayers(), [2]), servingError("INVALID_ARGUMENT", /do not fit/));
  });
});

test("a flattened batch is a matrix when the target has two sizes, however they are known", () => {
  const target = constantNode("target", { dtype: "int32", shape: [2], data: Int32Array.of(-1, 4) });
  const files = modelOf(
    target,
    node("flat", "Reshape", ["x", "target"]),
    constantNode("w", floats([4, 1])),
    node("out", "MatMul", ["flat", "w"]),
  );
  assert.deepEqual(operationsOf(files), ["Reshape", "MatMul", "Identity"]);
});
