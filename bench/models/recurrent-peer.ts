/** The recurrent layers as ONNX's own operations, which keep their gates in another order and their weights transposed. */
import { intAttribute, intsAttribute, textAttribute } from "../../packages/models/src/onnx/attribute.ts";
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";
import { permute } from "./random-weights.ts";
import { type Cell, FEATURES, UNITS } from "./recurrent-cell.ts";

/** Places of ONNX's gates among those of Keras: LSTM input, output, forget, cell; GRU update, reset, hidden. */
const ORDER = { LSTM: [0, 3, 1, 2], GRU: [0, 1, 2] };

/** The encoded model: `input` [N, T, features] to `predict` [N, units]. */
export function makeRecurrentPeer(cell: Cell): Uint8Array {
  const { kind, gates, kernel, recurrentKernel, bias } = cell;
  const width = gates * UNITS;
  const turned = (weights: Float32Array, rows: number): Float32Array<ArrayBuffer> =>
    reorder(permute(weights, [rows, width], [1, 0]), rows, kind);
  const biases = new Float32Array(2 * width); // of the input, then of the state; Keras's LSTM has the first alone
  biases.set(reorder(bias.subarray(0, width), 1, kind));
  if (kind === "GRU") {
    biases.set(reorder(bias.subarray(width), 1, kind), width);
  }
  const weight = (name: string, shape: readonly number[], data: Float32Array) =>
    makeInitialiser(name, { dtype: "float32", shape, data });
  const attributes = [intAttribute("hidden_size", UNITS), textAttribute("direction", "forward")];
  const axis: Parameters<typeof makeInitialiser>[1] = { dtype: "int64", shape: [1], data: BigInt64Array.of(0n) };
  return encodeModel({
    node: [
      makeNode("Transpose", ["input"], ["steps"], [intsAttribute("perm", [1, 0, 2])]),
      makeNode(
        kind,
        ["steps", "w", "r", "b"],
        ["", "last"],
        kind === "GRU" ? [...attributes, intAttribute("linear_before_reset", 1)] : attributes,
      ),
      makeNode("Squeeze", ["last", "axis"], ["predict"]),
    ],
    initializer: [
      weight("w", [1, width, FEATURES], turned(kernel, FEATURES)),
      weight("r", [1, width, UNITS], turned(recurrentKernel, UNITS)),
      weight("b", [1, 2 * width], biases),
      makeInitialiser("axis", axis),
    ],
    input: [makeValueInfo("input", "float32", [-1, -1, FEATURES])],
    output: [makeValueInfo("predict", "float32", [-1, UNITS])],
  });
}

/** Brings the gates' blocks, each of units by `row` numbers, into ONNX's order. */
function reorder(data: Float32Array, row: number, kind: Cell["kind"]): Float32Array<ArrayBuffer> {
  const result = new Float32Array(data.length);
  const block = UNITS * row;
  for (const [place, gate] of ORDER[kind].entries()) {
    result.set(data.subarray(gate * block, (gate + 1) * block), place * block);
  }
  return result;
}
