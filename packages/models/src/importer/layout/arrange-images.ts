import type { OnnxGraph, Value } from "../onnx-graph.ts";
import { ImageForms } from "./image-forms.ts";
import { findMove } from "./move-transpositions.ts";
import { windowRules } from "./pad-windows.ts";

/**
 * Makes a graph that was lowered operation by operation into one that keeps its images channels first from one layer to the
 * next, and pads them where they are convolved. The engine's own optimiser does so only where it knows all shapes, and it
 * joins convolutions with what follows them only where nothing stands between.
 * @returns what has become of `outputs`
 */
export function arrangeImages(graph: OnnxGraph, outputs: readonly Value[]): Value[] {
  const forms = new ImageForms(graph);
  return graph.rewrite((operation) => {
    const rule = windowRules.get(operation.opType) ?? findMove(operation.opType);
    return rule?.(operation, forms);
  }, outputs);
}
