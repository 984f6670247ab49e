/**
 * A stack of dense layers, 16 MB of weights: `input` [N, 1024] to `predict` [N, 1024]. One row reads all weights for a few
 * operations each, so that rows which run together cost hardly more than one.
 */
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";

/** Values of a row. */
export const DENSE_WIDTH = 1024;
const LAYERS = 4;

/** The encoded model. */
export function makeDenseNetwork(): Uint8Array {
  const layers = Array.from({ length: LAYERS }, (_, index) => ({
    input: index === 0 ? "input" : `layer${index - 1}`,
    weights: `weights${index}`,
    sum: `sum${index}`,
    output: index === LAYERS - 1 ? "predict" : `layer${index}`,
  }));
  return encodeModel({
    node: layers.flatMap(({ input, weights, sum, output }) => [
      makeNode("MatMul", [input, weights], [sum]),
      makeNode("Relu", [sum], [output]),
    ]),
    initializer: layers.map(({ weights }, index) => makeInitialiser(weights, weightsOf(index))),
    input: [makeValueInfo("input", "float32", [-1, DENSE_WIDTH])],
    output: [makeValueInfo("predict", "float32", [-1, DENSE_WIDTH])],
  });
}

function weightsOf(layer: number): Parameters<typeof makeInitialiser>[1] {
  const data = Float32Array.from(
    { length: DENSE_WIDTH * DENSE_WIDTH },
    (_, index) => Math.sin(index * (layer + 1)) / Math.sqrt(DENSE_WIDTH),
  );
  return { dtype: "float32", shape: [DENSE_WIDTH, DENSE_WIDTH], data };
}
