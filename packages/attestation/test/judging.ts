import assert from "node:assert/strict";
import { AttestationError } from "../src/errors.ts";
import { type Appraisal, appraise } from "../src/policy/appraise.ts";
import type { ClaimCode } from "../src/policy/claim.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { type PolicyMembers, sealPolicy } from "../src/policy/policy.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { REPORT_DATA, refusal } from "./simulated.ts";

/** The appraisal of evidence that is about {@link REPORT_DATA}, by a policy whose members nobody checked. */
export function judge(judged: VerifiedEvidence, policy: PolicyMembers): Appraisal {
  return appraise(judged, sealPolicy(policy), { reportData: REPORT_DATA });
}

/** Exactly these claims fail. */
export function refuses(judged: VerifiedEvidence, policy: PolicyMembers, ...codes: ClaimCode[]): void {
  const { reasons, accepted } = judge(judged, policy);
  assert.deepEqual(
    reasons.map(({ code }) => code),
    codes,
  );
  assert.equal(accepted, codes.length === 0);
}

/** No claim fails. */
export function accepts(judged: VerifiedEvidence, policy: PolicyMembers): void {
  refuses(judged, policy);
}

/** `parsePolicy` refuses it with a message that names the member. */
export function refusesPolicy(
  policy: unknown,
  member: string,
  code: "policy-invalid" | "policy-unpinned" = "policy-invalid",
): void {
  assert.throws(
    () => parsePolicy(policy),
    (error) => {
      refusal(code)(error);
      const named = error instanceof AttestationError && error.message.includes(member);
      assert.ok(named, `names ${member}: ${String(error)}`);
      return true;
    },
  );
}
