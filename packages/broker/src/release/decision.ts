import { type Appraisal, appraise, type VerifiedEvidence } from "@sealserve/attestation";
import type { ReleasableModel } from "../keys/releasable-model.ts";

/** A claim of a model's policy that evidence does not meet. */
export interface FailedClaim {
  readonly model: string;
  readonly claim: string;
  readonly code: string;
  readonly expected: string;
  readonly actual: string;
}

/** What a decision is made from. */
export interface DecisionInput {
  readonly evidence: VerifiedEvidence;
  /** The 64 bytes that evidence made for this very request must carry. */
  readonly reportData: Uint8Array;
  /** Undefined when the protocol names no model: then the first model whose policy accepts is released. */
  readonly requestedModel: string | undefined;
  /** In the order of the configuration. */
  readonly models: readonly ReleasableModel[];
  /** Whether the owner trusts a simulated root by her configuration. */
  readonly simulatedAllowed: boolean;
}

/** Whether a key is released, and if not, why. */
export type Decision =
  | { readonly outcome: "released"; readonly model: ReleasableModel }
  | { readonly outcome: "refused"; readonly code: RefusalCode; readonly failedClaims: readonly FailedClaim[] };

/** Why a decision refuses. */
export type RefusalCode = "simulated-evidence" | "unknown-model" | "policy-not-met";

/**
 * Decides on one request; the same for every protocol. In this order: the evidence rests on a root that the owner
 * trusts; she has the model; the evidence meets the model's policy and was made for this request.
 */
export function decideRelease(input: DecisionInput): Decision {
  if (input.evidence.simulated && !input.simulatedAllowed) {
    return refuse("simulated-evidence");
  }
  const candidates = candidateModels(input);
  if (candidates.length === 0) {
    return refuse("unknown-model");
  }
  const failedClaims: FailedClaim[] = [];
  for (const model of candidates) {
    const appraisal = appraise(input.evidence, model.policy, { reportData: input.reportData });
    if (appraisal.accepted) {
      return { outcome: "released", model };
    }
    failedClaims.push(...failedClaimsOf(model, appraisal));
  }
  return refuse("policy-not-met", failedClaims);
}

function candidateModels({ models, requestedModel }: DecisionInput): readonly ReleasableModel[] {
  return requestedModel === undefined ? models : models.filter(({ name }) => name === requestedModel);
}

function failedClaimsOf(model: ReleasableModel, appraisal: Appraisal): FailedClaim[] {
  return appraisal.claims
    .filter(({ pass }) => !pass)
    .map(({ claim, code, expected, actual }) => ({ model: model.name, claim, code, expected, actual }));
}

function refuse(code: RefusalCode, failedClaims: readonly FailedClaim[] = []): Decision {
  return { outcome: "refused", code, failedClaims };
}
