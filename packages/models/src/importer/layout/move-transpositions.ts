import { readInts } from "../../onnx/attribute.ts";
import { isElementwise } from "../elementwise-types.ts";
import { isOrder, TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from "./axis-order.ts";
import { axisRules } from "./axis-rules.ts";
import type { LayoutRule } from "./rule.ts";

/** A transposition gives the form that is there already, or makes it. */
const transposition: LayoutRule = ({ inputs: [image], attributes }, forms) => {
  const order = readInts(attributes, "perm");
  if (image !== undefined && isOrder(order, TO_CHANNELS_FIRST)) {
    return [forms.toFirst(image)];
  }
  return image !== undefined && isOrder(order, TO_CHANNELS_LAST) ? [forms.toLast(image)] : undefined;
};

/** What works element by element does so on channels-first images, one of which must be there. */
const elementwise: LayoutRule = ({ opType, inputs, attributes, outputs: [output] }, forms) => {
  if (output === undefined || !inputs.some((input) => forms.find(input))) {
    return undefined;
  }
  const operands = inputs.map((input) => input && forms.asOperand(input));
  return operands.includes(undefined)
    ? undefined
    : [forms.toLast(forms.graph.apply(opType, operands, output.dtype, attributes))];
};

/**
 * The rule by which an operation on a channels-last image works on the channels-first form instead, so that transpositions
 * move from before it to behind it, where they meet others.
 */
export function findMove(opType: string): LayoutRule | undefined {
  if (opType === "Transpose") {
    return transposition;
  }
  return isElementwise(opType) ? elementwise : axisRules.get(opType);
}
