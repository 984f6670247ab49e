import type { Lowering } from "../importer/operation.ts";
import { numberPlaces, numberValues, stringsByPlace } from "../interpreter/strings/number-strings.ts";
import type { NodeOperation } from "../saved-model/node-operation.ts";
import type { PlanAssembly } from "./assembly.ts";
import type { Origin } from "./origin.ts";

/** Operations whose outputs are made of elements of their inputs, whatever these are. */
const moving: ReadonlySet<string> = new Set([
  "BroadcastTo",
  "ConcatV2",
  "ExpandDims",
  "Fill",
  "Gather",
  "GatherNd",
  "GatherV2",
  "Pack",
  "ReverseV2",
  "Select",
  "SelectV2",
  "Slice",
  "Split",
  "SplitV",
  "Squeeze",
  "StridedSlice",
  "Tile",
  "Transpose",
  "Unpack",
]);

/** Operations that only ask which elements are equal. */
const comparing: ReadonlySet<string> = new Set(["Equal", "NotEqual"]);

/** Operations that only ask how many elements there are along which axes. */
const measuring: ReadonlySet<string> = new Set(["Rank", "Shape", "Size"]);

/**
 * Plans an operation on strings that the engine can do on numbers in their place; undefined for any other.
 * @throws ModelError what the lowering throws
 */
export function planOnNumbers(
  operation: NodeOperation<Origin>,
  lowering: Lowering,
  assembly: PlanAssembly,
): readonly Origin[] | undefined {
  const strings = [...new Set(operation.inputs.filter(({ dtype }) => dtype === "string"))];
  if (comparing.has(operation.node.op)) {
    return assembly.lower(onNumbers(operation, strings, numberValues, assembly), lowering);
  }
  if (measuring.has(operation.node.op)) {
    return assembly.lower(onNumbers(operation, strings, numberPlaces, assembly), lowering);
  }
  if (moving.has(operation.node.op)) {
    const places = assembly.lower(onNumbers(operation, strings, numberPlaces, assembly), lowering);
    return places.flatMap((place) => assembly.interpret("strings of numbers", stringsByPlace, [place, ...strings]));
  }
  return undefined;
}

function onNumbers(
  operation: NodeOperation<Origin>,
  strings: readonly Origin[],
  makeNumbering: typeof numberPlaces,
  assembly: PlanAssembly,
): NodeOperation<Origin> {
  const numbers = assembly.interpret("numbers of strings", makeNumbering(strings.length), strings);
  const numberOf = new Map<Origin, Origin>(strings.map((string, position) => [string, numbers[position] ?? string]));
  return operation.withInputs((input) => numberOf.get(input) ?? input);
}
