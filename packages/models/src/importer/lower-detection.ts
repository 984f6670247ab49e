import { intAttribute } from "../onnx/attribute.ts";
import { asInt64, castTo } from "./convert.ts";
import { failWhere, isBelow } from "./fail-where.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/** Places of its inputs, which the versions of the operation have in one order, as far as they have them. */
const [BOXES, SCORES, MOST, OVERLAP, LOWEST_SCORE, SIGMA] = [0, 1, 2, 3, 4, 5];
/** Column of the box in what ONNX selects: image, class, box. */
const BOX_COLUMN = 2;

/** Indices of the boxes with the highest scores, without those that overlap a better one too much. */
const suppress: Lowering = (operation, graph) => selectBoxes(operation, graph);

/** The same with how many there are, which TensorFlow can fill up to a fixed number; it is not done here. */
const suppressAndCount: Lowering = (operation, graph) => {
  expectUnpadded(operation);
  const selected = selectBoxes(operation, graph);
  return [selected, countOf(selected, graph)];
};

/** The same with the scores, which do not fade for boxes that overlap others. */
const suppressAndScore: Lowering = (operation, graph) => {
  expectUnpadded(operation);
  const sigma = operation.constant(SIGMA).data;
  if (sigma.length !== 1 || sigma[0] !== 0) {
    operation.refuse("scores of boxes that overlap others fade");
  }
  const selected = selectBoxes(operation, graph);
  const scores = operation.input(SCORES);
  const kept = graph.apply("Gather", [scores, selected], scores.dtype, [intAttribute("axis", 0)]);
  return [selected, kept, countOf(selected, graph)];
};

function expectUnpadded(operation: Operation): void {
  if (operation.flag("pad_to_max_output_size", false)) {
    operation.refuse("it fills its output up");
  }
}

function selectBoxes(operation: Operation, graph: OnnxGraph): Value {
  const [boxes, scores] = [operation.input(BOXES), operation.input(SCORES)];
  if (boxes.dtype !== "float32" || scores.dtype !== "float32") {
    operation.refuse(`its boxes are ${boxes.dtype}, and their scores ${scores.dtype}`);
  }
  const [lowest, most] = [operation.inputs[LOWEST_SCORE], asVector(asInt64(operation.input(MOST), graph), graph)];
  const selected = graph.apply(
    "NonMaxSuppression",
    [
      graph.apply("Unsqueeze", [boxes, graph.integers([0])], "float32"),
      graph.apply("Unsqueeze", [scores, graph.integers([0, 1])], "float32"),
      failWhere([isBelow(most, 0, graph)], most, graph),
      asVector(operation.input(OVERLAP), graph),
      lowest && asVector(lowest, graph),
    ],
    "int64",
  );
  const column = graph.apply("Gather", [selected, graph.integers([BOX_COLUMN])], "int64", [intAttribute("axis", 1)]);
  return castTo(graph.apply("Squeeze", [column, graph.integers([1])], "int64"), "int32", graph);
}

function asVector(value: Value, graph: OnnxGraph): Value {
  return graph.apply("Reshape", [value, graph.integers([1])], value.dtype);
}

function countOf(selected: Value, graph: OnnxGraph): Value {
  return castTo(graph.apply("Size", [selected], "int64"), "int32", graph);
}

/** Operations that pick objects out of what was found in an image. */
export const detectionLowerings: Readonly<Record<string, Lowering>> = {
  NonMaxSuppressionV2: suppress,
  NonMaxSuppressionV3: suppress,
  NonMaxSuppressionV4: suppressAndCount,
  NonMaxSuppressionV5: suppressAndScore,
};
