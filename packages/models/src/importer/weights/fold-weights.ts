import { elementCount, type Tensor } from "@sealserve/protocol";

import { readFloat, readInts } from "../../onnx/attribute.ts";
import type { GraphOperation, OnnxGraph, Value } from "../onnx-graph.ts";
import { bringIntoForm } from "./bring-into-form.ts";
import { isAsStored, type WeightForm } from "./weight-form.ts";
import type { WeightPlaces } from "./weight-places.ts";

/** What ONNX takes for the attribute when it is left out. */
const DEFAULT_EPSILON = 1e-5;

/**
 * Takes out operations on weights alone, which are brought into form once, before the engine gets them: other orders of axes and
 * other shapes of filters, and batch normalisation, which goes into the filter and the bias of the convolution before it.
 * The engine would do the same, but each step with copies of all weights.
 * @returns what has become of `outputs`
 */
export function foldWeights(graph: OnnxGraph, outputs: readonly Value[], places: WeightPlaces): Value[] {
  const folding = new Folding(graph, places, countUses(graph, outputs));
  return graph.rewrite((operation) => folding.rewrite(operation), outputs);
}

function countUses(graph: OnnxGraph, outputs: readonly Value[]): Map<Value, number> {
  const uses = new Map<Value, number>();
  for (const value of [...graph.operations.flatMap(({ inputs }) => inputs), ...outputs]) {
    if (value !== undefined) {
      uses.set(value, (uses.get(value) ?? 0) + 1);
    }
  }
  return uses;
}

/** Batch normalisation with known statistics: each channel times a factor, plus an offset. */
interface Lines {
  readonly factors: Float64Array;
  readonly offsets: Float32Array<ArrayBuffer>;
}

class Folding {
  readonly #graph: OnnxGraph;
  readonly #places: WeightPlaces;
  readonly #uses: ReadonlyMap<Value, number>;

  constructor(graph: OnnxGraph, places: WeightPlaces, uses: ReadonlyMap<Value, number>) {
    this.#graph = graph;
    this.#places = places;
    this.#uses = uses;
  }

  rewrite(operation: GraphOperation): readonly Value[] | undefined {
    const value = this.#rewriteOne(operation);
    return value && [value];
  }

  #rewriteOne(operation: GraphOperation): Value | undefined {
    switch (operation.opType) {
      case "Transpose":
        return this.#transpose(operation);
      case "Reshape":
      case "Squeeze":
      case "Unsqueeze":
        return this.#reshape(operation);
      case "BatchNormalization":
        return this.#normalise(operation);
      default:
        return undefined;
    }
  }

  #transpose({ inputs: [value], attributes }: GraphOperation): Value | undefined {
    const axes = readInts(attributes, "perm");
    const sizes = value?.shape;
    if (value === undefined || sizes === undefined || axes === undefined || !isOrderOf(axes, sizes)) {
      return undefined;
    }
    const shape = axes.map((axis) => sizes[axis] as number);
    return this.#changeForm(value, { order: { sizes, axes } }, shape);
  }

  /** Only where the target says all sizes, and means what it says. */
  #reshape({ inputs: [value], outputs: [output] }: GraphOperation): Value | undefined {
    const shape = output?.sizes?.filter((size) => size !== undefined);
    const isKnown = shape !== undefined && shape.length === output?.sizes?.length;
    return isKnown && value?.weights !== undefined && value.shape !== undefined && isAsMany(shape, value.shape)
      ? this.#graph.weights(value.weights, shape)
      : undefined;
  }

  #normalise({ inputs: [convolved, ...statistics], attributes }: GraphOperation): Value | undefined {
    const convolution = convolved && this.#graph.producerOf(convolved);
    if (convolution?.opType !== "Conv" || this.#uses.get(convolved as Value) !== 1) {
      return undefined;
    }
    const [image, filter, bias] = convolution.inputs;
    const lines = linesOf(statistics, readFloat(attributes, "epsilon") ?? DEFAULT_EPSILON);
    const channels = filter?.shape?.[0];
    if (image === undefined || bias !== undefined || lines === undefined || lines.factors.length !== channels) {
      return undefined;
    }
    const form = { order: filter?.weights?.form.order, factors: lines.factors };
    const scaled = this.#changeForm(filter as Value, form, filter?.shape ?? []);
    const offsets = { dtype: "float32", shape: [channels], data: lines.offsets } as const;
    return (
      scaled &&
      this.#graph.apply("Conv", [image, scaled, this.#graph.constant(offsets)], image.dtype, convolution.attributes)
    );
  }

  /** Weights in another form; undefined where a value is none, or has not the form that the new one begins from. */
  #changeForm({ weights, constant }: Value, form: WeightForm, shape: readonly number[]): Value | undefined {
    if (constant !== undefined) {
      return this.#changeConstant(constant, form, shape);
    }
    if (weights === undefined || weights.form.factors !== undefined || !extendsForm(form, weights.form)) {
      return undefined;
    }
    const { tensor } = weights;
    return this.#places.admits(tensor, form) ? this.#graph.weights({ tensor, form }, shape) : undefined;
  }

  #changeConstant({ dtype, data }: Tensor, form: WeightForm, shape: readonly number[]): Value | undefined {
    if (!(data instanceof Float32Array) || !this.#places.takeConstant(data.byteLength)) {
      return undefined;
    }
    const changed = new Float32Array(data.length);
    bringIntoForm(data, changed, form);
    return this.#graph.constant({ dtype, shape, data: changed });
  }
}

/** Whether a form has another order only where there was none. */
function extendsForm(form: WeightForm, before: WeightForm): boolean {
  return isAsStored(before) || form.order === before.order;
}

function isOrderOf(axes: readonly number[], sizes: readonly number[]): boolean {
  return axes.length === sizes.length && sizes.every((_, axis) => axes.includes(axis));
}

function isAsMany(shape: readonly number[], other: readonly number[]): boolean {
  return elementCount(shape) === elementCount(other);
}

/** Undefined where statistics are not known, or what follows from them is not finite: that is for the engine to work out. */
function linesOf(statistics: readonly (Value | undefined)[], epsilon: number): Lines | undefined {
  const numbers = statistics.map((value) => value && numbersOf(value));
  const [scale, offset, mean, variance] = numbers;
  if (scale === undefined || offset === undefined || mean === undefined || variance === undefined) {
    return undefined;
  }
  if (numbers.some((each) => each?.length !== scale.length)) {
    return undefined;
  }
  const factors = Float64Array.from(scale, (value, at) => value / Math.sqrt((variance[at] as number) + epsilon));
  const offsets = Float32Array.from(factors, (factor, at) => (offset[at] as number) - factor * (mean[at] as number));
  return [...factors, ...offsets].every(Number.isFinite) ? { factors, offsets } : undefined;
}

function numbersOf({ constant, weights, dtype }: Value): Float32Array | undefined {
  if (constant?.data instanceof Float32Array) {
    return constant.data;
  }
  return dtype === "float32" && weights !== undefined && isAsStored(weights.form)
    ? new Float32Array(new Uint8Array(weights.tensor.bytes).buffer)
    : undefined;
}
