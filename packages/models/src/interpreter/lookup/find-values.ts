import { invalidArgument, makeNumbers, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Kernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import type { LookupTable } from "./lookup-table.ts";

/**
 * LookupTableFindV2 on a table. Inputs of the kernel: the keys, and the value of keys that the table lacks.
 * @throws ModelError `unsupported-op` when types do not fit
 */
export function findValues(operation: NodeOperation<KnownInput>, table: LookupTable): Kernel {
  const { keys: keyType, values: dtype } = table.types;
  if (operation.input(1).dtype !== keyType || operation.input(2).dtype !== dtype) {
    operation.refuse(`its table has keys of type ${keyType} and values of type ${dtype}`);
  }
  return {
    outputs: [dtype],
    run: ([keys, fallback]) => {
      const { shape, data } = keys as Tensor;
      if (fallback?.data.length !== 1) {
        throw invalidArgument(`Expected shape [] for default value, got [${fallback?.shape.join(",")}]`);
      }
      new OutputBudget().take(dtype, data.length);
      const found = table.find(keys as Tensor, fallback.data[0]);
      return [{ dtype, shape, data: dtype === "string" ? (found as Uint8Array[]) : numbers(dtype, found) }];
    },
  };
}

function numbers(dtype: Tensor["dtype"], values: readonly unknown[]): Tensor["data"] {
  const data = makeNumbers(dtype, values.length);
  for (const [index, value] of values.entries()) {
    data[index] = value as never;
  }
  return data;
}
