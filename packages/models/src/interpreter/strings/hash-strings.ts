import type { Tensor } from "@sealserve/protocol";

import type { MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { fingerprint64 } from "./fingerprint64.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** StringToHashBucketFast: the fingerprint of each string, modulo the number of buckets. */
export const hashIntoBuckets: MakeKernel = (operation) => {
  expectStrings(operation, [0]);
  const count = operation.integer("num_buckets", 0);
  if (count < 1 || !Number.isSafeInteger(count)) {
    operation.refuse(`it has ${count} buckets`);
  }
  const buckets = BigInt(count);
  return {
    outputs: ["int64"],
    run: ([tensor]) => {
      const { shape, data } = tensor as Tensor;
      new OutputBudget().take("int64", data.length);
      const hashes = stringsOf(tensor).map((string) => fingerprint64(string) % buckets);
      return [{ dtype: "int64", shape, data: BigInt64Array.from(hashes) }];
    },
  };
};
