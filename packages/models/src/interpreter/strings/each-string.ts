import type { Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Kernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/**
 * A kernel that makes a string of each string.
 * @param change may take more from the budget for what it needs meanwhile
 * @param mostBytes that a string of so many bytes becomes
 */
export function onEachString(
  operation: NodeOperation<KnownInput>,
  change: (string: Uint8Array, budget: OutputBudget) => Uint8Array,
  mostBytes = (length: number): number => length,
): Kernel {
  expectStrings(operation, [0]);
  return {
    outputs: ["string"],
    run: ([input]) => {
      const budget = new OutputBudget();
      const strings = stringsOf(input);
      budget.takeStrings(strings.length);
      budget.takeBytes(strings.reduce((total, { length }) => total + mostBytes(length), 0));
      return [{ ...(input as Tensor), data: strings.map((string) => change(string, budget)) }];
    },
  };
}
