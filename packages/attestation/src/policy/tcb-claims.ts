import type { VerifiedEvidence } from "../verify/verified-evidence.ts";
import type { Claim } from "./claim.ts";
import { DEFAULT_STATUSES, type TcbPolicy } from "./policy.ts";

/** Judges how current the platform is. */
export function tcbClaims(evidence: VerifiedEvidence, policy: TcbPolicy): Claim[] {
  const claims = [statusClaim(evidence, policy), advisoryClaim(evidence, policy)];
  if (policy.minimumTcbDate !== undefined) {
    claims.push(dateClaim(evidence, policy.minimumTcbDate));
  }
  if (policy.minimumEvaluationDataNumber !== undefined) {
    claims.push(evaluationNumberClaim(evidence, policy.minimumEvaluationDataNumber));
  }
  return claims;
}

function statusClaim({ tcbStatus }: VerifiedEvidence, { statuses = DEFAULT_STATUSES }: TcbPolicy): Claim {
  return {
    claim: "tcb-status",
    code: "tcb-status-not-accepted",
    expected: statuses.join(" or "),
    actual: tcbStatus,
    pass: tcbStatus !== "Revoked" && statuses.includes(tcbStatus),
  };
}

/** An up-to-date platform may still name advisories; for any other status each must be one the workload copes with. */
function advisoryClaim(
  { tcbStatus, advisoryIds }: VerifiedEvidence,
  { toleratedAdvisoryIds: tolerated = [] }: TcbPolicy,
): Claim {
  const pass = tcbStatus === "UpToDate" || advisoryIds.every((id) => tolerated.includes(id));
  return {
    claim: "advisories",
    code: "advisory-not-tolerated",
    expected: tolerated.length === 0 ? "none" : `none but ${tolerated.join(", ")}`,
    actual: advisoryIds.length === 0 ? "none" : advisoryIds.join(", "),
    pass,
  };
}

function dateClaim({ tcbDate }: VerifiedEvidence, minimum: string): Claim {
  return {
    claim: "tcb-date",
    code: "tcb-date-too-old",
    expected: `${minimum} or later`,
    actual: tcbDate.toISOString(),
    // A minimum that is no date compares as false, so it refuses.
    pass: tcbDate.getTime() >= Date.parse(minimum),
  };
}

function evaluationNumberClaim({ tcbEvaluationDataNumber }: VerifiedEvidence, minimum: number): Claim {
  return {
    claim: "tcb-evaluation-data-number",
    code: "evaluation-number-too-low",
    expected: `${minimum} or more`,
    actual: `${tcbEvaluationDataNumber}`,
    pass: tcbEvaluationDataNumber >= minimum,
  };
}
