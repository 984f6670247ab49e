import type { SgxFacts, TdxFacts } from "../verify/verified-evidence.ts";
import type { Claim } from "./claim.ts";
import { ADVISED_STATUSES, DEFAULT_STATUSES, HARDENING_STATUSES, type TcbPolicy } from "./tcb-policy.ts";

type IntelEvidence = SgxFacts | TdxFacts;

/** Judges how current the platform is. */
export function tcbClaims(evidence: IntelEvidence, policy: TcbPolicy): Claim[] {
  const claims = [statusClaim(evidence, policy), advisoryClaim(evidence, policy)];
  if (policy.minimumTcbDate !== undefined) {
    claims.push(dateClaim(evidence, policy.minimumTcbDate));
  }
  if (policy.minimumEvaluationDataNumber !== undefined) {
    claims.push(evaluationNumberClaim(evidence, policy.minimumEvaluationDataNumber));
  }
  if (ADVISED_STATUSES.includes(evidence.tcbStatus)) {
    claims.push(relaunchClaim(evidence, policy.relaunchDeadline));
  }
  return claims;
}

function statusClaim({ tcbStatus }: IntelEvidence, { statuses = DEFAULT_STATUSES }: TcbPolicy): Claim {
  return {
    claim: "tcb-status",
    code: "tcb-status-not-accepted",
    expected: statuses.join(" or "),
    actual: tcbStatus,
    pass: tcbStatus !== "Revoked" && statuses.includes(tcbStatus),
  };
}

/**
 * An up-to-date platform may still name advisories; for any other status each must be one the workload copes with. Where
 * software must be hardened and no advisory says against what, nobody can tell whether it is.
 */
function advisoryClaim(
  { tcbStatus, advisoryIds }: IntelEvidence,
  { toleratedAdvisoryIds: tolerated = [] }: TcbPolicy,
): Claim {
  const unnamed = HARDENING_STATUSES.includes(tcbStatus) && advisoryIds.length === 0;
  const accepted = tolerated.length === 0 ? "none" : `none but ${tolerated.join(", ")}`;
  return {
    claim: "advisories",
    code: "advisory-not-tolerated",
    expected: unnamed ? `advisories by name with ${tcbStatus}` : accepted,
    actual: advisoryIds.length === 0 ? "none" : advisoryIds.join(", "),
    pass: tcbStatus === "UpToDate" || (!unnamed && advisoryIds.every((id) => tolerated.includes(id))),
  };
}

function dateClaim({ tcbDate }: IntelEvidence, minimum: string): Claim {
  return {
    claim: "tcb-date",
    code: "tcb-date-too-old",
    expected: `${minimum} or later`,
    actual: tcbDate.toISOString(),
    // A minimum that is no date compares as false, so it refuses.
    pass: tcbDate.getTime() >= Date.parse(minimum),
  };
}

function evaluationNumberClaim({ tcbEvaluationDataNumber }: IntelEvidence, minimum: number): Claim {
  return {
    claim: "tcb-evaluation-data-number",
    code: "evaluation-number-too-low",
    expected: `${minimum} or more`,
    actual: `${tcbEvaluationDataNumber}`,
    pass: tcbEvaluationDataNumber >= minimum,
  };
}

function relaunchClaim({ verifiedAt }: IntelEvidence, deadline: string | undefined): Claim {
  return {
    claim: "relaunch",
    code: "relaunch-overdue",
    expected: deadline === undefined ? "a relaunched trust domain" : `a relaunch before ${deadline}`,
    actual: verifiedAt.toISOString(),
    pass: deadline !== undefined && verifiedAt.getTime() <= Date.parse(deadline),
  };
}
