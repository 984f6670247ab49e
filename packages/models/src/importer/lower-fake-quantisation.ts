import { scalar, zeroOf } from "./convert.ts";
import type { OnnxGraph, Value } from "./onnx-graph.ts";
import type { Lowering, Operation } from "./operation.ts";

/**
 * Rounds numbers to those of so many bits, evenly between two bounds that are moved until one of them is 0 (fake_quant_ops_functor.h):
 * what a model that is to be quantised computes with.
 */
function quantise(operation: Operation, lowest: Value, highest: Value, graph: OnnxGraph): Value {
  const value = operation.input(0);
  if (value.dtype !== "float32") {
    operation.refuse(`its input is ${value.dtype}`);
  }
  const bits = operation.integer("num_bits", 8);
  if (bits < 2 || bits > 16) {
    operation.refuse(`its numbers have ${bits} bits`);
  }
  const first = operation.flag("narrow_range", false) ? 1 : 0;
  const last = 2 ** bits - 1;
  const on = (opType: string, ...inputs: Value[]): Value => graph.apply(opType, inputs, "float32");
  const number = (constant: number): Value => scalar(constant, "float32", graph);
  const roundUp = (given: Value): Value => on("Floor", on("Add", given, number(0.5)));
  const scale = on("Div", on("Sub", highest, lowest), number(last - first));
  const fromLowest = on("Sub", number(first), on("Div", lowest, scale));
  const zero = roundUp(on("Min", on("Max", fromLowest, number(first)), number(last)));
  const bound = (place: number): Value => on("Mul", on("Sub", number(place), zero), scale);
  const [from, to] = [bound(first), bound(last)];
  const offset = on("Sub", on("Min", on("Max", value, from), to), from);
  const steps = roundUp(on("Mul", offset, on("Div", number(1), scale)));
  const rounded = on("Add", on("Mul", steps, scale), from);
  // Bounds that are both 0 leave nothing else.
  const isNothing = graph.apply("Equal", [scale, zeroOf("float32", graph)], "bool");
  return graph.apply("Where", [isNothing, zeroOf("float32", graph), rounded], "float32");
}

const byAttributes: Lowering = (operation, graph) => {
  const bound = (name: string, fallback: number): Value => scalar(operation.float(name, fallback), "float32", graph);
  return quantise(operation, bound("min", -6), bound("max", 6), graph);
};

/** Bounds for all numbers, or one pair for each channel, the last axis. */
const byInputs: Lowering = (operation, graph) => quantise(operation, operation.input(1), operation.input(2), graph);

/** Operations that round as quantised ones would. */
export const fakeQuantisationLowerings: Readonly<Record<string, Lowering>> = {
  FakeQuantWithMinMaxArgs: byAttributes,
  FakeQuantWithMinMaxVars: byInputs,
  FakeQuantWithMinMaxVarsPerChannel: byInputs,
};
