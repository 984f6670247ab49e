import type { VerifiedEvidence } from "../verify/verified-evidence.ts";
import type { Claim } from "./claim.ts";
import { type AppraisalPolicy, pinnedTees } from "./policy.ts";

const HOUR_MS = 3600 * 1000;

/** Judges what every kind of evidence has: its kind, how overdue its collateral was, and shared cores. */
export function commonClaims(evidence: VerifiedEvidence, policy: AppraisalPolicy): Claim[] {
  return [...teeClaims(evidence, policy), ...overdueClaims(evidence, policy), ...smtClaims(evidence, policy)];
}

/** A policy that pins software of one kind of TEE says nothing good of the others. */
function teeClaims({ tee }: VerifiedEvidence, policy: AppraisalPolicy): Claim[] {
  const pinned = pinnedTees(policy);
  if (pinned.length === 0) {
    return [];
  }
  return [
    { claim: "tee", code: "tee-not-accepted", expected: pinned.join(" or "), actual: tee, pass: pinned.includes(tee) },
  ];
}

function overdueClaims({ overdueMs }: VerifiedEvidence, { tcb }: AppraisalPolicy): Claim[] {
  if (overdueMs === 0) {
    return [];
  }
  const hours = tcb?.maximumOverdueHours ?? 0;
  return [
    {
      claim: "collateral-overdue",
      code: "collateral-overdue",
      expected: hours === 0 ? "collateral in its window" : `at most ${hours} hours over its end`,
      actual: `${(overdueMs / HOUR_MS).toFixed(1)} hours over its end`,
      pass: overdueMs <= hours * HOUR_MS,
    },
  ];
}

/** Where nobody says whether threads share cores, they may. */
function smtClaims(evidence: VerifiedEvidence, { smt }: AppraisalPolicy): Claim[] {
  if (smt !== "refuse") {
    return [];
  }
  const enabled = smtEnabled(evidence);
  return [
    {
      claim: "smt",
      code: "smt-enabled",
      expected: "off",
      actual: enabled === undefined ? "unknown" : enabled ? "on" : "off",
      pass: enabled === false,
    },
  ];
}

function smtEnabled(evidence: VerifiedEvidence): boolean | undefined {
  return evidence.tee === "snp" ? evidence.report.platformInfo.smt : evidence.pck.configuration?.smtEnabled;
}
