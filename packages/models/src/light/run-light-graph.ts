import type { Tensor } from "@sealserve/protocol";

import { type LightGraph, type LightInput, type LightStep, MAX_LIGHT_ELEMENTS } from "./light-graph.ts";
import { computeElements } from "./light-operations.ts";

type Numbers = Float32Array | Float64Array;

/** A value of a run. */
interface LightValue {
  readonly dtype: Tensor["dtype"];
  readonly shape: readonly number[];
  readonly data: Numbers;
}

/**
 * Runs a light graph at once. The work is bounded by {@link MAX_LIGHT_ELEMENTS}, which is asked before each step.
 * @param inputs all of the graph's, each of its type
 * @param names of outputs
 * @returns the outputs, over memory of their own; undefined when the run is for the engine, which then says what is wrong
 *   with it: too many elements or none, shapes that do not fit each other, or not by repeating one as a whole
 */
export function runLightGraph(
  graph: LightGraph,
  inputs: ReadonlyMap<string, Tensor>,
  names: readonly string[],
): Map<string, Tensor> | undefined {
  const values = takeInputs(graph, inputs);
  let elements = values?.reduce((total, { data }) => total + data.length, 0) ?? 0;
  if (values === undefined || elements > MAX_LIGHT_ELEMENTS) {
    return undefined;
  }
  values.push(...(graph.constants as readonly LightValue[]));
  for (const step of graph.steps) {
    const model = broadest(step, values);
    elements += model?.data.length ?? 0;
    if (model === undefined || elements > MAX_LIGHT_ELEMENTS) {
      return undefined;
    }
    values.push(compute(step, values, model));
  }
  return takeOutputs(graph, values, names);
}

/** Undefined when one is missing, or has a shape that the engine would refuse. */
function takeInputs(
  { inputs: declared, inputNames }: LightGraph,
  given: ReadonlyMap<string, Tensor>,
): LightValue[] | undefined {
  const values: LightValue[] = [];
  for (const [name, number] of inputNames) {
    const tensor = given.get(name);
    const input = declared[number];
    if (tensor === undefined || input === undefined || !fits(tensor, input)) {
      return undefined;
    }
    values[number] = tensor as LightValue;
  }
  return values;
}

function fits({ dtype, shape }: Tensor, declared: LightInput): boolean {
  const sizes = declared.shape;
  const isOfShape =
    sizes === undefined ||
    (sizes.length === shape.length && sizes.every((size, axis) => size < 0 || size === shape[axis]));
  return dtype === declared.dtype && isOfShape;
}

/** The operand that the result has its shape of; undefined when the other one is not repeated to that, or nothing is there. */
function broadest({ operands: [first = 0, second = first] }: LightStep, values: readonly LightValue[]) {
  const [a, b] = [values[first] as LightValue, values[second] as LightValue];
  const rank = a.shape.length - b.shape.length;
  const [large, small] = rank > 0 || (rank === 0 && a.data.length >= b.data.length) ? [a, b] : [b, a];
  return large.data.length > 0 && endsLike(large.shape, small.shape) ? large : undefined;
}

/** Whether a tensor of shape `small`, repeated as a whole, is broadcast to `large`. */
function endsLike(large: readonly number[], small: readonly number[]): boolean {
  const offset = large.length - small.length;
  let repeats = false;
  for (let axis = small.length - 1; axis >= 0; axis--) {
    const [size, wanted] = [small[axis] as number, large[axis + offset] as number];
    // Once it is repeated along an axis, it must be so along all before.
    if (size !== 1 && (repeats || size !== wanted)) {
      return false;
    }
    repeats ||= size !== wanted;
  }
  return true;
}

function compute(
  { operation, operands: [first = 0, second = first] }: LightStep,
  values: readonly LightValue[],
  { dtype, shape, data: { length } }: LightValue,
): LightValue {
  const [a, b] = [values[first] as LightValue, values[second] as LightValue];
  const data = dtype === "float32" ? new Float32Array(length) : new Float64Array(length);
  computeElements(operation, [a.data, b.data], data);
  return { dtype, shape, data };
}

/** Inputs and constants among them are copied. */
function takeOutputs(
  { outputNames, inputs, constants }: LightGraph,
  values: readonly LightValue[],
  names: readonly string[],
): Map<string, Tensor> {
  const isComputed = inputs.length + constants.length;
  const outputs = new Map<string, Tensor>();
  const taken = new Set<number>();
  for (const name of names) {
    const number = outputNames.get(name) ?? -1;
    const value = values[number] as LightValue;
    const isOwn = number >= isComputed && !taken.has(number);
    outputs.set(name, isOwn ? value : { ...value, data: value.data.slice() });
    taken.add(number);
  }
  return outputs;
}
