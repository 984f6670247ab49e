import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Verdict } from "../src/evidence/verdict.ts";
import { verdictText } from "../src/evidence/verdict-text.ts";

const proven: Verdict = {
  genuine: true,
  signatureValid: true,
  simulated: false,
  tee: "tdx",
  tcbStatus: "OutOfDate",
  advisoryIds: ["INTEL-SA-00615"],
  tcb: {
    status: "OutOfDate",
    platform: "UpToDate",
    tdxModule: "OutOfDate",
    qe: "UpToDate",
    date: "2024-03-13T00:00:00.000Z",
    evaluationNumber: 17,
    advisories: [{ id: "INTEL-SA-00615", sources: ["tdx-module"] }],
  },
  software: { mrTd: "ab".repeat(48) },
  platform: { fmspc: "00806f050000" },
  accepted: false,
  reasons: [
    {
      code: "tcb-status-not-accepted",
      message: "the status is not accepted",
      expected: "UpToDate",
      actual: "OutOfDate",
      remedy: "update it",
    },
    { code: "debug-td", message: "it can be debugged", expected: "clear", actual: "set", remedy: "update it" },
  ],
  claims: [
    { claim: "tcb-status", code: "tcb-status-not-accepted", expected: "UpToDate", actual: "OutOfDate", pass: false },
    { claim: "xfam", code: "xfam-not-accepted", expected: "no unknown bits", actual: "no unknown bits", pass: true },
  ],
  collateral: { earliestExpiry: "2025-07-19T10:00:35.000Z", tcbEvaluationDataNumber: 17, revocation: "checked" },
};

const unproven: Verdict = {
  ...proven,
  genuine: null,
  tcb: null,
  software: null,
  platform: null,
  claims: [],
  collateral: null,
  reasons: [{ code: "collateral-missing", message: "none was given", expected: "", actual: "" }],
};

function text(verdict: Verdict): string {
  return verdictText(verdict).join("\n");
}

describe("a verdict for people", () => {
  it("says in its first line what was decided about what", () => {
    assert.equal(verdictText(proven)[0], "refused: TDX quote, genuine");
    assert.match(verdictText({ ...proven, accepted: true })[0] ?? "", /^accepted: /);
    assert.match(verdictText({ ...proven, simulated: true })[0] ?? "", /simulated root.*proves nothing about hardware/);
    assert.equal(verdictText(unproven)[0], "refused: TDX quote, whether it is genuine is unknown");
    assert.equal(verdictText({ ...unproven, genuine: false, tee: null })[0], "refused: evidence, not genuine");
  });

  it("names platform, software, TCB part by part and where advisories come from", () => {
    assert.match(text(proven), /fmspc +00806f050000/);
    assert.match(text(proven), new RegExp(`mrTd +${"ab".repeat(48)}`));
    assert.match(text(proven), /OutOfDate \(platform UpToDate, TDX module OutOfDate, quoting enclave UpToDate\)/);
    assert.match(text(proven), /INTEL-SA-00615 \(tdx-module\)/);
  });

  it("shows each claim, with what was expected where it failed", () => {
    assert.match(text(proven), /✗ tcb-status +OutOfDate, expected UpToDate/);
    assert.match(text(proven), /✓ xfam +no unknown bits$/m);
  });

  it("says what nobody judged", () => {
    assert.match(text(proven), /Not judged\n.*--policy FILE\n.*--expect-report-data HEX/);
    const judged = ["tee", "report-data"].map((claim) => ({ ...proven.claims[1], claim })) as typeof proven.claims;
    assert.doesNotMatch(text({ ...proven, claims: judged }), /Not judged/);
    assert.doesNotMatch(text(unproven), /Not judged/);
  });

  it("names each remedy once, and until when all of it holds", () => {
    assert.equal(text(proven).match(/- update it/g)?.length, 1);
    assert.match(text(proven), /Holds until 2025-07-19T10:00:35/);
    assert.doesNotMatch(text(unproven), /Holds until|What to do/);
  });

  it("claims no proof that there was not", () => {
    assert.match(text(unproven), /✓ signatures +hold/);
    assert.match(text({ ...unproven, signatureValid: false }), /✗ signatures +not proven/);
    const unchecked = { ...proven.collateral, revocation: "unchecked" } as NonNullable<Verdict["collateral"]>;
    assert.match(text({ ...proven, collateral: unchecked }), /✗ revocation +not checked/);
  });
});
