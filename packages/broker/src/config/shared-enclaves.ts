import type { SgxPolicy } from "@sealserve/attestation";
import type { ModelConfig } from "./broker-config.ts";

/** Lists of which a policy's enclaves must meet one entry each, where the policy has them. */
const LISTS = ["mrEnclave", "mrSigner", "configId"] as const;

/**
 * Pairs of models, in the order of the configuration, whose policies one enclave could meet. Only what names software
 * counts: nothing stops an enclave from having a newer version or a better platform than either policy asks for.
 */
export function findSharedEnclaves(models: readonly ModelConfig[]): [first: ModelConfig, second: ModelConfig][] {
  return models.flatMap((first, index) =>
    models
      .slice(index + 1)
      .filter((second) => couldShare(first.policy.sgx ?? {}, second.policy.sgx ?? {}))
      .map((second): [ModelConfig, ModelConfig] => [first, second]),
  );
}

function couldShare(first: SgxPolicy, second: SgxPolicy): boolean {
  return meet(product(first), product(second)) && LISTS.every((list) => meet(first[list], second[list]));
}

function product({ isvProdId }: SgxPolicy): readonly string[] | undefined {
  return isvProdId === undefined ? undefined : [`${isvProdId}`];
}

function meet(first: readonly string[] | undefined, second: readonly string[] | undefined): boolean {
  // Appraisal takes no notice of the case of digits either.
  const others = new Set(second?.map((value) => value.toLowerCase()));
  return first === undefined || second === undefined || first.some((value) => others.has(value.toLowerCase()));
}
