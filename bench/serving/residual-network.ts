/**
 * A network in the shape of ResNet-50 v1.5, as a frozen TensorFlow graph would have it: images `input` [N, 224, 224, 3] to
 * `predict` [N, 1001], 32-bit floats, convolutions and batch normalisations apart, 102 MB of random weights.
 */
import { floatAttribute, intAttribute, intsAttribute } from "../../packages/models/src/onnx/attribute.ts";
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";

const STAGES = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
] as const;
const EXPANSION = 4;
const CLASSES = 1001;

type Graph = Parameters<typeof encodeModel>[0];

/** Nodes and weights so far. Values are named by the number of their node. */
class NetworkBuilder {
  readonly node: NonNullable<Graph["node"]>[number][] = [];
  readonly initializer: NonNullable<Graph["initializer"]>[number][] = [];
  #seed = 1;

  add(type: string, inputs: readonly string[], attributes: Parameters<typeof makeNode>[3] = [], name?: string): string {
    const output = name ?? `v${this.node.length}`;
    this.node.push(makeNode(type, inputs, [output], attributes));
    return output;
  }

  /** Weights around `centre`, from a generator with a fixed seed (Numerical Recipes' linear congruence). */
  weights(shape: readonly number[], spread: number, centre = 0): string {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let index = 0; index < data.length; index++) {
      this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
      data[index] = centre + spread * (this.#seed / 2 ** 31 - 1);
    }
    const name = `w${this.initializer.length}`;
    this.initializer.push(makeInitialiser(name, { dtype: "float32", shape, data }));
    return name;
  }

  convolution(input: string, from: number, to: number, kernel: number, stride: number): string {
    const padding = (kernel - 1) / 2;
    const weights = this.weights([to, from, kernel, kernel], Math.sqrt(2 / (from * kernel * kernel)));
    const convolved = this.add(
      "Conv",
      [input, weights],
      [
        intsAttribute("kernel_shape", [kernel, kernel]),
        intsAttribute("strides", [stride, stride]),
        intsAttribute("pads", [padding, padding, padding, padding]),
      ],
    );
    const [scale, bias, mean] = [this.weights([to], 0.1, 1), this.weights([to], 0.1), this.weights([to], 0.1)];
    const variance = this.weights([to], 0.1, 1);
    return this.add("BatchNormalization", [convolved, scale, bias, mean, variance], [floatAttribute("epsilon", 1e-5)]);
  }

  /** Three convolutions beside a short cut. */
  bottleneck(input: string, from: number, width: number, stride: number): string {
    const out = width * EXPANSION;
    const narrowed = this.add("Relu", [this.convolution(input, from, width, 1, 1)]);
    const spatial = this.add("Relu", [this.convolution(narrowed, width, width, 3, stride)]);
    const widened = this.convolution(spatial, width, out, 1, 1);
    const shortCut = from === out && stride === 1 ? input : this.convolution(input, from, out, 1, stride);
    return this.add("Relu", [this.add("Add", [widened, shortCut])]);
  }
}

/** The encoded model. */
export function makeResidualNetwork(): Uint8Array {
  const builder = new NetworkBuilder();
  const channelsFirst = builder.add("Transpose", ["input"], [intsAttribute("perm", [0, 3, 1, 2])]);
  const stem = builder.add("Relu", [builder.convolution(channelsFirst, 3, 64, 7, 2)]);
  let value = builder.add(
    "MaxPool",
    [stem],
    [intsAttribute("kernel_shape", [3, 3]), intsAttribute("strides", [2, 2]), intsAttribute("pads", [1, 1, 1, 1])],
  );
  let channels = 64;
  for (const [stage, { blocks, width }] of STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      value = builder.bottleneck(value, channels, width, block === 0 && stage > 0 ? 2 : 1);
      channels = width * EXPANSION;
    }
  }
  const pooled = builder.add("Flatten", [builder.add("GlobalAveragePool", [value])], [intAttribute("axis", 1)]);
  const weights = builder.weights([channels, CLASSES], 0.01);
  const logits = builder.add("Gemm", [pooled, weights, builder.weights([CLASSES], 0.01)]);
  builder.add("Softmax", [logits], [intAttribute("axis", 1)], "predict");
  return encodeModel({
    node: builder.node,
    initializer: builder.initializer,
    input: [makeValueInfo("input", "float32", [-1, 224, 224, 3])],
    output: [makeValueInfo("predict", "float32", [-1, CLASSES])],
  });
}
