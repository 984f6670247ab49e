/** The recurrent layers as Keras exports them: rows of the input in a list, a loop that fills another, its rows stacked. */
import type { AttrValue, NodeDef } from "@sealserve/protocol";
import { constantNode, node, typeAttr } from "../../packages/models/src/examples/graph-def.ts";
import { functionDef } from "../../packages/models/test/fixtures/saved-model.ts";
import { type Cell, FEATURES, STEPS, UNITS } from "./recurrent-cell.ts";
import { SavedModelWriter } from "./saved-model-writer.ts";

const floats = typeAttr("float32");
const ofFloats = { element_dtype: floats };
/** Variables of the loop: step, filled list, state, cell state (not of a GRU), then what it leaves as it is. */
const KEPT = ["steps", "rows", "kernel", "recurrent", "bias"];
const fn = (name: string): AttrValue => ({ func: { name, attr: new Map() } });

/** The files of the model: `input` [1, T, features] to `predict` [1, units]. */
export function makeRecurrentSavedModel(cell: Cell): Map<string, Uint8Array> {
  const writer = new SavedModelWriter();
  const width = cell.gates * UNITS;
  const states = cell.kind === "LSTM" ? ["h", "c"] : ["h"];
  const parameters = ["step", "list", ...states, ...KEPT];
  const input = writer.placeholder("input", "float32");
  const byTime = writer.add("Transpose", [input, writer.integers(1, 0, 2)]);
  const rows = writer.add("TensorListFromTensor", [byTime, writer.integers(-1, FEATURES)], ofFloats);
  const list = writer.add("TensorListReserve", [writer.integers(-1, UNITS), writer.integer(STEPS)], ofFloats);
  const zero = writer.constant({ dtype: "float32", shape: [1, UNITS], data: new Float32Array(UNITS) });
  const loop = writer.add(
    "StatelessWhile",
    [
      writer.integer(0),
      list,
      ...states.map(() => zero),
      writer.integer(STEPS),
      rows,
      writer.handle([FEATURES, width], cell.kernel),
      writer.handle([UNITS, width], cell.recurrentKernel),
      writer.handle(cell.kind === "LSTM" ? [width] : [2, width], cell.bias),
    ],
    { cond: fn("goesOn"), body: fn("turn") },
  );
  const stacked = writer.add("TensorListStack", [`${loop}:1`, writer.integers(-1, UNITS)], {
    ...ofFloats,
    num_elements: { i: -1n },
  });
  const last = [writer.integers(-1), writer.integers(0), writer.integers(1)];
  const slice = { Index: typeAttr("int32"), shrink_axis_mask: { i: 1n } };
  writer.add("StridedSlice", [stacked, ...last], slice, "predict");
  return writer.files({ inputs: { input: ["input:0", "float32"] }, outputs: { predict: ["predict:0", "float32"] } }, [
    functionDef("goesOn", parameters, { go: "less:z:0" }, [node("less", "Less", ["step", "steps"])]),
    functionDef("turn", parameters, resultsOf(states), turnOf(cell)),
  ]);
}

function resultsOf(states: readonly string[]): Record<string, string> {
  const next = { step: "next:z:0", list: "filled:output_handle:0" };
  const changed = Object.fromEntries(states.map((name) => [name, `new_${name}:z:0`]));
  return { ...next, ...changed, ...Object.fromEntries(KEPT.map((name) => [name, name])) };
}

/** One turn of the loop: a row out of the list, the cell, its state into the other list. */
function turnOf({ kind }: Cell): NodeDef[] {
  const one = constantNode("one", { dtype: "int32", shape: [], data: Int32Array.of(1) });
  return [
    constantNode("row_shape", { dtype: "int32", shape: [2], data: Int32Array.of(-1, FEATURES) }),
    node("x", "TensorListGetItem", ["rows", "step", "row_shape:output:0"], ofFloats),
    ...["kernel", "recurrent", "bias"].map((name) =>
      node(`${name}_value`, "ReadVariableOp", [name], { dtype: floats }),
    ),
    calculate("of_x", "MatMul", ["x:item:0", "kernel_value:value:0"]),
    calculate("of_h", "MatMul", ["h", "recurrent_value:value:0"]),
    constantNode("axis", { dtype: "int32", shape: [], data: Int32Array.of(1) }),
    ...(kind === "LSTM" ? lstm() : gru()),
    node("filled", "TensorListSetItem", ["list", "step", "new_h:z:0"], ofFloats),
    one,
    node("next", "AddV2", ["step", "one:output:0"], { T: typeAttr("int32") }),
  ];
}

function lstm(): NodeDef[] {
  return [
    calculate("products", "AddV2", ["of_x:product:0", "of_h:product:0"]),
    calculate("sums", "BiasAdd", ["products:z:0", "bias_value:value:0"]),
    calculate("gates", "Split", ["axis:output:0", "sums:output:0"], { num_split: { i: 4n } }),
    calculate("in", "Sigmoid", ["gates:output:0"]),
    calculate("forget", "Sigmoid", ["gates:output:1"]),
    calculate("kept", "Mul", ["forget:y:0", "c"]),
    calculate("candidate", "Tanh", ["gates:output:2"]),
    calculate("added", "Mul", ["in:y:0", "candidate:y:0"]),
    calculate("new_c", "AddV2", ["kept:z:0", "added:z:0"]),
    calculate("out", "Sigmoid", ["gates:output:3"]),
    calculate("shown", "Tanh", ["new_c:z:0"]),
    calculate("new_h", "Mul", ["out:y:0", "shown:y:0"]),
  ];
}

function gru(): NodeDef[] {
  return [
    calculate("biases", "Unpack", ["bias_value:value:0"], { num: { i: 2n }, axis: { i: 0n } }),
    calculate("x_sums", "BiasAdd", ["of_x:product:0", "biases:output:0"]),
    calculate("h_sums", "BiasAdd", ["of_h:product:0", "biases:output:1"]),
    calculate("xs", "Split", ["axis:output:0", "x_sums:output:0"], { num_split: { i: 3n } }),
    calculate("hs", "Split", ["axis:output:0", "h_sums:output:0"], { num_split: { i: 3n } }),
    calculate("update_sum", "AddV2", ["xs:output:0", "hs:output:0"]),
    calculate("update", "Sigmoid", ["update_sum:z:0"]),
    calculate("reset_sum", "AddV2", ["xs:output:1", "hs:output:1"]),
    calculate("reset", "Sigmoid", ["reset_sum:z:0"]),
    calculate("reset_h", "Mul", ["reset:y:0", "hs:output:2"]),
    calculate("candidate_sum", "AddV2", ["xs:output:2", "reset_h:z:0"]),
    calculate("candidate", "Tanh", ["candidate_sum:z:0"]),
    calculate("kept", "Mul", ["update:y:0", "h"]),
    constantNode("whole", { dtype: "float32", shape: [], data: Float32Array.of(1) }),
    calculate("share", "Sub", ["whole:output:0", "update:y:0"]),
    calculate("added", "Mul", ["share:z:0", "candidate:y:0"]),
    calculate("new_h", "AddV2", ["kept:z:0", "added:z:0"]),
  ];
}

function calculate(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, AttrValue>> = {},
): NodeDef {
  return node(name, op, inputs, { T: floats, ...attributes });
}
