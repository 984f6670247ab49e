/**
 * The residual network as a SavedModel in TensorFlow's layout: channels last, filters of height by width by input by output,
 * `Pad` before what steps by 2, variables in a checkpoint.
 */
import { typeAttr } from "../../packages/models/src/examples/graph-def.ts";
import { permute } from "./random-weights.ts";
import {
  CLASSES,
  type ClassifierLayer,
  type ConvolutionLayer,
  EPSILON,
  type ResidualFormat,
  writeResidualLayers,
} from "./residual-layers.ts";
import { integersAttr, SavedModelWriter, textAttr } from "./saved-model-writer.ts";

/** From output, input, height, width. */
const TO_TENSORFLOW = [2, 3, 1, 0];

class TensorflowResidualFormat implements ResidualFormat {
  readonly writer = new SavedModelWriter();

  add(a: string, b: string): string {
    return this.writer.add("AddV2", [a, b]);
  }

  relu(input: string): string {
    return this.writer.add("Relu", [input]);
  }

  pool(input: string): string {
    const window = { ksize: integersAttr(1, 3, 3, 1), strides: integersAttr(1, 2, 2, 1), padding: textAttr("VALID") };
    return this.writer.add("MaxPool", [this.#pad(input, 1)], window);
  }

  convolve(input: string, { from, to, kernel, stride, filter, normalisation }: ConvolutionLayer): string {
    const padsApart = stride > 1 && kernel > 1;
    const weights = permute(filter, [to, from, kernel, kernel], TO_TENSORFLOW);
    const convolved = this.writer.add(
      "Conv2D",
      [
        padsApart ? this.#pad(input, (kernel - 1) / 2) : input,
        this.writer.variable([kernel, kernel, from, to], weights),
      ],
      { strides: integersAttr(1, stride, stride, 1), padding: textAttr(padsApart ? "VALID" : "SAME") },
    );
    const statistics = normalisation.map((values) => this.writer.variable([to], values));
    const attributes = { U: typeAttr("float32"), epsilon: { f: EPSILON }, is_training: { b: false } };
    return this.writer.add("FusedBatchNormV3", [convolved, ...statistics], attributes);
  }

  classify(input: string, { from, weights, biases }: ClassifierLayer): void {
    const pooled = this.writer.add("Mean", [input, this.writer.integers(1, 2)], { keep_dims: { b: false } });
    const products = this.writer.add("MatMul", [pooled, this.writer.variable([from, CLASSES], weights)]);
    const logits = this.writer.add("BiasAdd", [products, this.writer.variable([CLASSES], biases)]);
    this.writer.add("Softmax", [logits], {}, "predict");
  }

  /** Zeros around height and width. */
  #pad(input: string, size: number): string {
    const data = Int32Array.of(0, 0, size, size, size, size, 0, 0);
    return this.writer.add("Pad", [input, this.writer.constant({ dtype: "int32", shape: [4, 2], data })]);
  }
}

/** The files of the model: `input` [N, 224, 224, 3] to `predict` [N, 1001]. */
export function makeResidualSavedModel(): Map<string, Uint8Array> {
  const format = new TensorflowResidualFormat();
  writeResidualLayers(format.writer.placeholder("input", "float32"), format);
  return format.writer.files({
    inputs: { input: ["input:0", "float32"] },
    outputs: { predict: ["predict:0", "float32"] },
  });
}
