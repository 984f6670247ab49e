import type { AppraisalPolicy, SgxPolicy, TdxPolicy } from "@sealserve/attestation";
import type { Candidate, ReleasePolicy } from "../release/candidate.ts";

/** Lists of which a policy's enclaves must meet one entry each, where the policy has them. */
const LISTS = ["mrEnclave", "mrSigner", "configId"] as const;

/**
 * Pairs of candidates, in their order, that one enclave or trust domain could get. Only what names software counts:
 * nothing stops an enclave from having a newer version or a better platform than either policy asks for.
 */
export function findSharedEnclaves<Kind extends Candidate>(candidates: readonly Kind[]): [first: Kind, second: Kind][] {
  return candidates.flatMap((first, index) =>
    candidates
      .slice(index + 1)
      .filter((second) => first.policies.some((one) => second.policies.some((other) => couldShare(one, other))))
      .map((second): [Kind, Kind] => [first, second]),
  );
}

function couldShare(first: ReleasePolicy, second: ReleasePolicy): boolean {
  const enclaves =
    couldShareEnclave(sgxOf(first.policy), sgxOf(second.policy)) && meet(version(first), version(second));
  return enclaves || couldShareDomain(first.policy.tdx, second.policy.tdx);
}

/** A policy that says nothing about any kind of TEE is met by every enclave. */
function sgxOf({ sgx, tdx, snp }: AppraisalPolicy): SgxPolicy | undefined {
  return sgx ?? (tdx === undefined && snp === undefined ? {} : undefined);
}

function couldShareEnclave(first: SgxPolicy | undefined, second: SgxPolicy | undefined): boolean {
  if (first === undefined || second === undefined) {
    return false;
  }
  return meet(product(first), product(second)) && LISTS.every((list) => meet(first[list], second[list]));
}

/** By MRTD alone: other registers may be left open. */
function couldShareDomain(first: TdxPolicy | undefined, second: TdxPolicy | undefined): boolean {
  if (first === undefined || second === undefined) {
    return false;
  }
  return meet(
    first.images?.map(({ mrTd }) => mrTd),
    second.images?.map(({ mrTd }) => mrTd),
  );
}

function product({ isvProdId }: SgxPolicy): readonly string[] | undefined {
  return isvProdId === undefined ? undefined : [`${isvProdId}`];
}

function version({ enclave }: ReleasePolicy): readonly string[] | undefined {
  return enclave?.isvSvn === undefined ? undefined : [`${enclave.isvSvn}`];
}

function meet(first: readonly string[] | undefined, second: readonly string[] | undefined): boolean {
  // Appraisal takes no notice of the case of digits either.
  const others = new Set(second?.map((value) => value.toLowerCase()));
  return first === undefined || second === undefined || first.some((value) => others.has(value.toLowerCase()));
}
