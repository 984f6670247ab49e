/**
 * A network in the shape of ResNet-50 v1.5 as ONNX, as a frozen TensorFlow graph would have it: images `input` [N, 224, 224, 3]
 * to `predict` [N, 1001], 32-bit floats.
 */
import { floatAttribute, intAttribute, intsAttribute } from "../../packages/models/src/onnx/attribute.ts";
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";
import {
  CLASSES,
  type ClassifierLayer,
  type ConvolutionLayer,
  EPSILON,
  IMAGE_SIZE,
  type ResidualFormat,
  writeResidualLayers,
} from "../models/residual-layers.ts";

type Graph = Parameters<typeof encodeModel>[0];

/** Nodes and weights so far. Values are named by the number of their node. */
class OnnxResidualFormat implements ResidualFormat {
  readonly node: NonNullable<Graph["node"]>[number][] = [];
  readonly initializer: NonNullable<Graph["initializer"]>[number][] = [];

  add(a: string, b: string): string {
    return this.apply("Add", [a, b]);
  }

  relu(input: string): string {
    return this.apply("Relu", [input]);
  }

  pool(input: string): string {
    return this.apply(
      "MaxPool",
      [input],
      [intsAttribute("kernel_shape", [3, 3]), intsAttribute("strides", [2, 2]), intsAttribute("pads", [1, 1, 1, 1])],
    );
  }

  convolve(input: string, { from, to, kernel, stride, filter, normalisation }: ConvolutionLayer): string {
    const padding = (kernel - 1) / 2;
    const convolved = this.apply(
      "Conv",
      [input, this.#weights([to, from, kernel, kernel], filter)],
      [
        intsAttribute("kernel_shape", [kernel, kernel]),
        intsAttribute("strides", [stride, stride]),
        intsAttribute("pads", [padding, padding, padding, padding]),
      ],
    );
    const statistics = normalisation.map((values) => this.#weights([to], values));
    return this.apply("BatchNormalization", [convolved, ...statistics], [floatAttribute("epsilon", EPSILON)]);
  }

  classify(input: string, { from, weights, biases }: ClassifierLayer): void {
    const pooled = this.apply("Flatten", [this.apply("GlobalAveragePool", [input])], [intAttribute("axis", 1)]);
    const dense = [this.#weights([from, CLASSES], weights), this.#weights([CLASSES], biases)];
    this.apply("Softmax", [this.apply("Gemm", [pooled, ...dense])], [intAttribute("axis", 1)], "predict");
  }

  apply(
    type: string,
    inputs: readonly string[],
    attributes: Parameters<typeof makeNode>[3] = [],
    output = `v${this.node.length}`,
  ): string {
    this.node.push(makeNode(type, inputs, [output], attributes));
    return output;
  }

  #weights(shape: readonly number[], data: Float32Array): string {
    const name = `w${this.initializer.length}`;
    this.initializer.push(makeInitialiser(name, { dtype: "float32", shape, data }));
    return name;
  }
}

/** The encoded model. */
export function makeResidualNetwork(): Uint8Array {
  const format = new OnnxResidualFormat();
  writeResidualLayers(format.apply("Transpose", ["input"], [intsAttribute("perm", [0, 3, 1, 2])]), format);
  return encodeModel({
    node: format.node,
    initializer: format.initializer,
    input: [makeValueInfo("input", "float32", [-1, IMAGE_SIZE, IMAGE_SIZE, 3])],
    output: [makeValueInfo("predict", "float32", [-1, CLASSES])],
  });
}
