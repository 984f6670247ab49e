import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { QuoteOptions } from "@sealserve/simulator";
import { TCB_STATUSES, type TcbStatus } from "../src/collateral/tcb-status.ts";
import { appraise } from "../src/policy/appraise.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { type AppraisalPolicy, defaultPolicy } from "../src/policy/policy.ts";
import { HARDENING_STATUSES } from "../src/policy/tcb-policy.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import type { VerifiedEvidence, VerifiedIntelEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { accepts, judge, refuses } from "./judging.ts";
import { ENCLAVE, flipped, MR_ENCLAVE, MR_SIGNER, options, REPORT_DATA, refusal, vendor } from "./simulated.ts";

const upToDate = await verifyCollateral(await vendor.collateral({ tcbEvaluationDataNumber: 18 }), options);
const pinned = { mrEnclave: [MR_ENCLAVE] };

async function evidenceOf(
  overrides: Partial<QuoteOptions> = {},
  collateral = upToDate,
): Promise<VerifiedIntelEvidence> {
  return verifyEvidence(await vendor.quote({ ...ENCLAVE, ...overrides }), collateral, options);
}

async function withStatus(tcbStatus: TcbStatus, advisoryIds: readonly string[] = []): Promise<VerifiedIntelEvidence> {
  const tcbDate = new Date("2025-06-01T00:00:00Z");
  return evidenceOf({}, await verifyCollateral(await vendor.collateral({ tcbStatus, advisoryIds, tcbDate }), options));
}

const evidence = await evidenceOf();

describe("an appraisal", () => {
  it("accepts pinned, current, bound evidence and says that it was simulated", () => {
    const appraisal = judge(evidence, parsePolicy({ sgx: pinned }));
    assert.equal(appraisal.accepted, true);
    assert.equal(appraisal.simulated, true);
    assert.deepEqual(appraisal.reasons, []);
    assert.ok(appraisal.claims.every(({ pass }) => pass));
    assert.deepEqual(
      appraisal.claims.map(({ claim }) => claim),
      ["tee", "tcb-status", "advisories", "debug", "provision-key", "einittoken-key", "mrenclave", "report-data"],
    );
  });

  it("names every reason at once, with what was expected and what came", async () => {
    const judged = await evidenceOf({ attributes: { flags: 0x37n } });
    const policy = parsePolicy({ sgx: { mrEnclave: ["11".repeat(32)] } });
    refuses(judged, policy, "debug-enclave", "provision-key", "einittoken-key", "mrenclave-not-accepted");
    const reason = judge(judged, policy).reasons.at(-1);
    assert.equal(reason?.expected, "11".repeat(32));
    assert.equal(reason?.actual, MR_ENCLAVE);
    assert.ok((reason?.message.length ?? 0) > 0);
  });

  it("takes nothing but what the verifier made", () => {
    const imitations = [
      { ...evidence },
      Object.create(evidence),
      structuredClone({ ...evidence }),
      new Proxy(evidence, {}),
      {},
    ];
    for (const imitation of imitations) {
      assert.throws(() => judge(imitation as VerifiedEvidence, defaultPolicy), refusal("evidence-not-verified"));
    }
  });

  it("takes no policy but what parsePolicy made", () => {
    const pinnedPolicy = parsePolicy({ sgx: pinned });
    for (const imitation of [
      {},
      { ...pinnedPolicy },
      structuredClone({ ...pinnedPolicy }),
      new Proxy(pinnedPolicy, {}),
    ]) {
      assert.throws(
        () => appraise(evidence, imitation as AppraisalPolicy, { reportData: REPORT_DATA }),
        refusal("policy-not-parsed"),
      );
    }
    assert.throws(() => Object.assign(pinnedPolicy, { debug: "allow-insecure" }), TypeError);
    assert.throws(() => Object.assign(pinnedPolicy.sgx ?? {}, { mrEnclave: [] }), TypeError);
  });

  it("cannot be changed through the evidence", () => {
    assert.throws(() => Object.assign(evidence, { tcbStatus: "UpToDate" }), TypeError);
  });
});

describe("the software", () => {
  it("is accepted by MRENCLAVE from a list", () => {
    accepts(evidence, { sgx: { mrEnclave: ["22".repeat(32), MR_ENCLAVE.toUpperCase()] } });
    refuses(evidence, { sgx: { mrEnclave: ["22".repeat(32)] } }, "mrenclave-not-accepted");
    refuses(evidence, { sgx: { mrEnclave: [MR_ENCLAVE.slice(2), ""] } }, "mrenclave-not-accepted");
  });

  it("is never accepted by an empty list", () => {
    refuses(evidence, { sgx: { mrEnclave: [] } }, "mrenclave-not-accepted");
    refuses(evidence, { sgx: { ...pinned, configId: [] } }, "config-id-not-accepted");
  });

  it("is accepted by signer, product and minimum version together", () => {
    const signer = { mrSigner: [MR_SIGNER], isvProdId: 7, minimumIsvSvn: 3 };
    accepts(evidence, { sgx: signer });
    accepts(evidence, { sgx: { ...signer, minimumIsvSvn: 2 } });
    refuses(evidence, { sgx: { ...signer, minimumIsvSvn: 4 } }, "isv-svn-too-low");
    refuses(evidence, { sgx: { ...signer, isvProdId: 8 } }, "isv-prod-id-mismatch");
    refuses(evidence, { sgx: { ...signer, isvProdId: 0 } }, "isv-prod-id-mismatch");
    refuses(evidence, { sgx: { ...signer, mrSigner: [MR_ENCLAVE] } }, "mrsigner-not-accepted");
  });

  it("must satisfy MRENCLAVE and MRSIGNER where both are given", () => {
    refuses(evidence, { sgx: { ...pinned, mrSigner: [MR_ENCLAVE] } }, "mrsigner-not-accepted");
  });

  it("must have an accepted CONFIGID where one is given", async () => {
    const configId = "c3".repeat(64);
    const policy = { sgx: { ...pinned, configId: [configId] } };
    refuses(evidence, policy, "config-id-not-accepted");
    accepts(await evidenceOf({ configId }), policy);
  });
});

describe("the attributes", () => {
  const cases = [
    [0x07n, "debug-enclave", { debug: "allow-insecure" }],
    [0x15n, "provision-key", { sgx: { ...pinned, provisionKey: "allow" } }],
    [0x25n, "einittoken-key", { sgx: { ...pinned, einitTokenKey: "allow" } }],
  ] as const;

  for (const [flags, code, allowed] of cases) {
    it(`refuse ${code} unless the policy allows it`, async () => {
      const judged = await evidenceOf({ attributes: { flags } });
      refuses(judged, defaultPolicy, code);
      refuses(judged, { sgx: pinned }, code);
      accepts(judged, { sgx: pinned, ...allowed });
    });
  }
});

describe("the TCB status", () => {
  it("is UpToDate alone where the policy names none", async () => {
    for (const status of TCB_STATUSES) {
      const judged = await withStatus(status);
      if (status === "UpToDate") {
        accepts(judged, defaultPolicy);
      } else {
        const unnamed = HARDENING_STATUSES.includes(status) ? (["advisory-not-tolerated"] as const) : [];
        refuses(judged, defaultPolicy, "tcb-status-not-accepted", ...unnamed);
      }
    }
  });

  it("may be any other that the policy names, but never Revoked", async () => {
    for (const status of TCB_STATUSES) {
      const judged = await withStatus(status, ["INTEL-SA-1"]);
      const policy = { tcb: { statuses: [status], toleratedAdvisoryIds: ["INTEL-SA-1"] } };
      if (status === "Revoked") {
        refuses(judged, policy, "tcb-status-not-accepted");
      } else {
        accepts(judged, policy);
        refuses(evidence, { tcb: { statuses: ["Revoked"] } }, "tcb-status-not-accepted");
      }
    }
  });

  it("other than UpToDate needs every advisory to be tolerated", async () => {
    const judged = await withStatus("SWHardeningNeeded", ["INTEL-SA-00334", "INTEL-SA-00615"]);
    const statuses = ["UpToDate", "SWHardeningNeeded"] as const;
    refuses(judged, { tcb: { statuses } }, "advisory-not-tolerated");
    refuses(judged, { tcb: { statuses, toleratedAdvisoryIds: ["INTEL-SA-00615"] } }, "advisory-not-tolerated");
    accepts(judged, { tcb: { statuses, toleratedAdvisoryIds: ["INTEL-SA-00615", "INTEL-SA-00334", "INTEL-SA-1"] } });
    accepts(await withStatus("UpToDate", ["INTEL-SA-00334"]), { tcb: { statuses } });
  });

  it("that asks for hardening is refused where no advisory says against what", async () => {
    for (const status of ["SWHardeningNeeded", "ConfigurationAndSWHardeningNeeded"] as const) {
      const tcb = { statuses: [status], toleratedAdvisoryIds: ["INTEL-SA-1"] };
      accepts(await withStatus(status, ["INTEL-SA-1"]), { tcb });
      const judged = await withStatus(status);
      refuses(judged, { tcb }, "advisory-not-tolerated");
      const [reason] = judge(judged, { tcb }).reasons;
      assert.deepEqual([reason?.expected, reason?.actual], [`advisories by name with ${status}`, "none"]);
    }
    const tcb = { statuses: ["ConfigurationNeeded" as const] };
    accepts(await withStatus("ConfigurationNeeded"), { tcb });
  });

  it("must be of a date that is not too old", async () => {
    const judged = await withStatus("OutOfDate");
    const policy = (minimumTcbDate: string) => ({ tcb: { statuses: ["OutOfDate" as const], minimumTcbDate } });
    accepts(judged, policy(judged.tcbDate.toISOString()));
    refuses(judged, policy("2025-06-02T00:00:00Z"), "tcb-date-too-old");
    refuses(judged, policy("no date"), "tcb-date-too-old");
  });

  it("must come from collateral of the minimum evaluation number", () => {
    accepts(evidence, { tcb: { minimumEvaluationDataNumber: 18 } });
    refuses(evidence, { tcb: { minimumEvaluationDataNumber: 19 } }, "evaluation-number-too-low");
  });
});

describe("REPORTDATA", () => {
  it("must equal all 64 bytes of the expectation", () => {
    for (let bit = 0; bit < 512; bit += 7) {
      const reportData = flipped(REPORT_DATA, bit >> 3, 1 << (bit & 7));
      const { accepted, reasons } = appraise(evidence, defaultPolicy, { reportData });
      assert.equal(accepted, false);
      assert.equal(reasons[0]?.code, "report-data-mismatch");
    }
  });

  it("is not compared with an expectation of another length", () => {
    const lengths = [0, 32, 63, 65, 128];
    for (const reportData of [...lengths.map((length) => new Uint8Array(length)), REPORT_DATA.subarray(0, 63)]) {
      assert.throws(() => appraise(evidence, defaultPolicy, { reportData }), refusal("expected-report-data-invalid"));
    }
    const nothing = JSON.parse("{}");
    assert.throws(() => appraise(evidence, defaultPolicy, nothing), refusal("expected-report-data-invalid"));
    const text = JSON.parse(`{"reportData":"${"c".repeat(64)}"}`);
    assert.throws(() => appraise(evidence, defaultPolicy, text), refusal("expected-report-data-invalid"));
  });

  it("makes no claim when it is explicitly unchecked", () => {
    const { accepted, claims } = appraise(evidence, defaultPolicy, { reportData: "unchecked" });
    assert.equal(accepted, true);
    assert.ok(claims.every(({ claim }) => claim !== "report-data"));
  });
});
