import type { Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { OutputBudget } from "../output-budget.ts";

/** Ends the import unless the inputs at these positions are strings. @throws ModelError `unsupported-op` */
export function expectStrings(operation: NodeOperation<KnownInput>, positions: readonly number[]): void {
  for (const position of positions) {
    const { dtype } = operation.input(position);
    if (dtype !== "string") {
      operation.refuse(`its input ${position} is ${dtype}`);
    }
  }
}

/** The elements of a tensor of strings. */
export function stringsOf(tensor: Tensor | undefined): readonly Uint8Array[] {
  return (tensor?.data ?? []) as readonly Uint8Array[];
}

/** Strings one behind the other with a separator between them. @throws ServingError `RESOURCE_EXHAUSTED` */
export function concatenate(parts: readonly Uint8Array[], separator: Uint8Array, budget: OutputBudget): Uint8Array {
  const gaps = Math.max(parts.length - 1, 0) * separator.length;
  const length = parts.reduce((total, part) => total + part.length, gaps);
  budget.takeBytes(length);
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const [index, part] of parts.entries()) {
    if (index > 0) {
      joined.set(separator, offset);
      offset += separator.length;
    }
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
