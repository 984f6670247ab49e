import { appraise, type VerifiedEvidence } from "@sealserve/attestation";
import type { Candidate, ReleasePolicy } from "./candidate.ts";

/** A claim of a policy that evidence does not meet. */
export interface FailedClaim {
  /** The model or secret whose policy it is. */
  readonly model: string;
  readonly claim: string;
  readonly code: string;
  readonly expected: string;
  readonly actual: string;
}

/** What a decision is made from. */
export interface DecisionInput<Kind extends Candidate = Candidate> {
  readonly evidence: VerifiedEvidence;
  /** The 64 bytes that evidence made for this very request must carry. */
  readonly reportData: Uint8Array;
  /** What the request is about, in the order of the configuration: the first whose policy accepts is released. */
  readonly candidates: readonly Kind[];
  /** Whether the owner trusts a simulated root by her configuration. */
  readonly simulatedAllowed: boolean;
}

/** Whether something is released, and if not, why. */
export type Decision<Kind extends Candidate = Candidate> =
  | { readonly outcome: "released"; readonly candidate: Kind }
  | { readonly outcome: "refused"; readonly code: RefusalCode; readonly failedClaims: readonly FailedClaim[] };

/** Why a decision refuses. */
export type RefusalCode = "simulated-evidence" | "unknown-model" | "policy-not-met";

/**
 * Decides on one request; the same for every protocol. In this order: the evidence rests on a root that the owner
 * trusts; she has what was asked for; the evidence meets a policy for it and was made for this request.
 */
export function decideRelease<Kind extends Candidate>(input: DecisionInput<Kind>): Decision<Kind> {
  if (input.evidence.simulated && !input.simulatedAllowed) {
    return refuse("simulated-evidence");
  }
  if (input.candidates.length === 0) {
    return refuse("unknown-model");
  }
  const failedClaims: FailedClaim[] = [];
  for (const candidate of input.candidates) {
    const failed = closestFailure(candidate, input);
    if (failed.length === 0) {
      return { outcome: "released", candidate };
    }
    failedClaims.push(...failed);
  }
  return refuse("policy-not-met", failedClaims);
}

/**
 * What fails of the policy that fails least, so that a record stays readable where one has a hundred; nothing when one
 * is met. A candidate without a policy is for nobody.
 */
function closestFailure({ name, policies }: Candidate, input: DecisionInput): readonly FailedClaim[] {
  const nobody = { model: name, claim: "policy", code: "no-policy", expected: "a policy", actual: "none" };
  let closest: readonly FailedClaim[] = [nobody];
  for (const [index, policy] of policies.entries()) {
    const failed = failedClaimsOf(policy, input);
    if (failed.length === 0) {
      return [];
    }
    closest = index > 0 && closest.length <= failed.length ? closest : failed;
  }
  return closest;
}

function failedClaimsOf(
  { name, policy, enclave }: ReleasePolicy,
  { evidence, reportData }: DecisionInput,
): FailedClaim[] {
  const { claims } = appraise(evidence, policy, { reportData });
  return [...claims, ...(enclave === undefined ? [] : enclaveClaims(evidence, enclave))]
    .filter(({ pass }) => !pass)
    .map(({ claim, code, expected, actual }) => ({ model: name, claim, code, expected, actual }));
}

interface EnclaveClaim extends Omit<FailedClaim, "model"> {
  readonly pass: boolean;
}

function enclaveClaims({ tee, report }: VerifiedEvidence, { isvSvn }: { readonly isvSvn?: number }): EnclaveClaim[] {
  if (!("isvSvn" in report)) {
    return [{ claim: "tee", code: "tee-not-accepted", expected: "sgx", actual: tee, pass: false }];
  }
  if (isvSvn === undefined) {
    return [];
  }
  const [expected, actual] = [`${isvSvn}`, `${report.isvSvn}`];
  return [{ claim: "isv-svn", code: "isv-svn-mismatch", expected, actual, pass: report.isvSvn === isvSvn }];
}

function refuse(code: RefusalCode, failedClaims: readonly FailedClaim[] = []): Decision<never> {
  return { outcome: "refused", code, failedClaims };
}
