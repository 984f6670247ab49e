import type { AppraisalPolicy } from "@sealserve/attestation";

/** One way to deserve what a {@link Candidate} holds. */
export interface ReleasePolicy {
  /** Names the policy where a claim fails. */
  readonly name: string;
  readonly policy: AppraisalPolicy;
  /** Only an SGX enclave, and one of exactly this ISVSVN where it is given; a policy can state no more than a minimum. */
  readonly enclave?: { readonly isvSvn?: number };
}

/** Something that a decision can release. */
export interface Candidate {
  readonly name: string;
  /** It is released to evidence that meets any one of them; without one, to nobody. */
  readonly policies: readonly ReleasePolicy[];
}
