import { isNumberData } from "@sealserve/protocol";

import { intsAttribute, readInts, readText } from "../../onnx/attribute.ts";
import type { AttributeProto } from "../../onnx/schema.ts";
import type { GraphOperation, OnnxGraph, Value } from "../onnx-graph.ts";
import { isZeroPadding, padsOf } from "./constant-padding.ts";
import type { LayoutRule } from "./rule.ts";

/** A convolution takes zeros round an image into its own padding. */
const convolution: LayoutRule = (operation, { graph }) => padInside(operation, graph, () => true);

/**
 * So does a pool that gives the largest number of a window, where no number is below 0: its own padding counts for less
 * than any number, so each window must have a cell of the image. It has when both sides together are padded by less than
 * a window, even when the image has no cells, since then there are no windows.
 */
const maximum: LayoutRule = (operation, { graph }) =>
  padInside(operation, graph, (source, pads) => {
    const kernel = readInts(operation.attributes, "kernel_shape") ?? [];
    const isSmaller = kernel.every((size, axis) => (pads[axis] ?? 0) + (pads[axis + kernel.length] ?? 0) < size);
    return isSmaller && readInts(operation.attributes, "dilations") === undefined && isNeverNegative(source, graph);
  });

/** @param fits whether the operation may pad `source` by `pads` itself */
function padInside(
  { opType, inputs: [image, ...others], attributes }: GraphOperation,
  graph: OnnxGraph,
  fits: (source: Value, pads: readonly number[]) => boolean,
): readonly Value[] | undefined {
  const padding = image && graph.producerOf(image);
  const [source] = padding?.inputs ?? [];
  if (padding === undefined || source === undefined || !isZeroPadding(padding)) {
    return undefined;
  }
  const pads = addPads(attributes, padsOf(padding) ?? []);
  if (pads === undefined || !fits(source, pads)) {
    return undefined;
  }
  const own = attributes.filter(({ name }) => name !== "pads" && name !== "auto_pad");
  return [graph.apply(opType, [source, ...others], source.dtype, [...own, intsAttribute("pads", pads)])];
}

/**
 * A window's own padding together with `outer`; undefined when either is not one of height and width alone, or cuts off:
 * what is cut off does not come back as zeros.
 */
function addPads(attributes: readonly AttributeProto[], outer: readonly number[]): number[] | undefined {
  const rank = outer.length / 2;
  const isSpatial = outer.every((count, place) => count === 0 || (count > 0 && place % rank >= 2));
  if (rank !== 4 || !isSpatial || (readText(attributes, "auto_pad") ?? "NOTSET") !== "NOTSET") {
    return undefined;
  }
  const own = readInts(attributes, "pads") ?? [];
  return [...outer.slice(2, rank), ...outer.slice(rank + 2)].map((count, place) => count + (own[place] ?? 0));
}

/** Operations whose outputs are never below 0, or not numbers. */
const neverNegative: ReadonlySet<string> = new Set(["Abs", "Exp", "Relu", "Sigmoid", "Softplus"]);
/** Operations that give nothing lower than the lowest element of their first input, or 0. */
const notLower: ReadonlySet<string> = new Set(["AveragePool", "MaxPool", "Transpose"]);

function isNeverNegative(value: Value, graph: OnnxGraph): boolean {
  let producer = graph.producerOf(value);
  while (producer !== undefined && (notLower.has(producer.opType) || isZeroPadding(producer))) {
    const [source] = producer.inputs;
    producer = source && graph.producerOf(source);
  }
  return producer !== undefined && (neverNegative.has(producer.opType) || isClippedAtZero(producer));
}

function isClippedAtZero({ opType, inputs: [, lowest] }: GraphOperation): boolean {
  const { data } = lowest?.constant ?? {};
  return opType === "Clip" && data !== undefined && isNumberData(data) && Number(data[0]) >= 0;
}

/** Rules for operations that slide a window over a channels-first image, by ONNX's names. */
export const windowRules: ReadonlyMap<string, LayoutRule> = new Map([
  ["Conv", convolution],
  ["MaxPool", maximum],
]);
