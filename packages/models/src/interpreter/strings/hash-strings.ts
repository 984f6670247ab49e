import type { Tensor } from "@sealserve/protocol";

import type { Clock, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { fingerprint64 } from "./fingerprint64.ts";
import { sipHash } from "./sip-hash.ts";
import { expectStrings, stringsOf } from "./strings.ts";

/** Asks the clock as it goes on, since one string may be as long as a request. */
type Hash = (string: Uint8Array, clock?: Clock) => bigint;

/** A hash of each string, modulo the number of buckets. */
function hashingBy(makeHash: (operation: Parameters<MakeKernel>[0]) => Hash): MakeKernel {
  return (operation) => {
    expectStrings(operation, [0]);
    const count = operation.integer("num_buckets", 0);
    if (count < 1 || !Number.isSafeInteger(count)) {
      operation.refuse(`it has ${count} buckets`);
    }
    const [buckets, hash] = [BigInt(count), makeHash(operation)];
    return {
      outputs: ["int64"],
      run: ([tensor], clock) => {
        const { shape, data } = tensor as Tensor;
        new OutputBudget().take("int64", data.length);
        const hashes = stringsOf(tensor).map((string) => {
          clock?.expectTime();
          return hash(string, clock) % buckets;
        });
        return [{ dtype: "int64", shape, data: BigInt64Array.from(hashes) }];
      },
    };
  };
}

/** StringToHashBucketFast: by FarmHash's fingerprint. */
export const hashIntoBuckets: MakeKernel = hashingBy(() => fingerprint64);

/** StringToHashBucketStrong: by a hash with a key. */
export const hashByKey: MakeKernel = hashingBy((operation) => {
  const [first, second, ...others] = operation.longIntegers("key");
  if (first === undefined || second === undefined || others.length > 0) {
    return operation.refuse("its key is not of two numbers");
  }
  const key = [BigInt.asUintN(64, first), BigInt.asUintN(64, second)] as const;
  return (string, clock) => sipHash(key, string, clock);
});
