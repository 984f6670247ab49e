import { intAttribute } from "../onnx/attribute.ts";
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../onnx/write.ts";
import { type Layer, trainTwoLayers } from "./train.ts";

/**
 * A small trained network as `model.onnx`: points of the plane in `features` [N, 2] to `probabilities` [N, 2] of the two
 * classes "outside" and "inside" of a circle of radius 1, and to the likelier class in `label` [N]. It is trained
 * while it is made, from a fixed seed: the same bytes every time.
 */
export function makeTinyClassifier(): Map<string, Uint8Array> {
  const [hidden, output] = trainTwoLayers();
  const model = encodeModel({
    node: [
      makeNode("MatMul", ["features", "hidden_weights"], ["hidden_products"]),
      makeNode("Add", ["hidden_products", "hidden_biases"], ["hidden_sums"]),
      makeNode("Tanh", ["hidden_sums"], ["hidden"]),
      makeNode("MatMul", ["hidden", "output_weights"], ["output_products"]),
      makeNode("Add", ["output_products", "output_biases"], ["logits"]),
      makeNode("Softmax", ["logits"], ["probabilities"], [intAttribute("axis", 1)]),
      makeNode("ArgMax", ["probabilities"], ["label"], [intAttribute("axis", 1), intAttribute("keepdims", 0)]),
    ],
    initializer: [...initialisers("hidden", hidden), ...initialisers("output", output)],
    input: [makeValueInfo("features", "float32", [-1, 2])],
    output: [makeValueInfo("probabilities", "float32", [-1, 2]), makeValueInfo("label", "int64", [-1])],
  });
  return new Map([["model.onnx", model]]);
}

function initialisers(name: string, { inputs, outputs, weights, biases }: Layer): ReturnType<typeof makeInitialiser>[] {
  return [
    makeInitialiser(`${name}_weights`, {
      dtype: "float32",
      shape: [inputs, outputs],
      data: Float32Array.from(weights),
    }),
    makeInitialiser(`${name}_biases`, { dtype: "float32", shape: [outputs], data: Float32Array.from(biases) }),
  ];
}
