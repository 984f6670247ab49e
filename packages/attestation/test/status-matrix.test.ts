// Every TCB status from signed documents to the decision, for each kind of Intel TEE.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex } from "@sealserve/core";
import type { CollateralOptions } from "@sealserve/simulator";
import {
  type ConvergedTcbStatus,
  PART_TCB_STATUSES,
  type PartTcbStatus,
  TCB_STATUSES,
  type TcbStatus,
} from "../src/collateral/tcb-status.ts";
import { appraise } from "../src/policy/appraise.ts";
import type { ClaimCode } from "../src/policy/claim.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { type AppraisalPolicy, defaultPolicy, type PolicyMembers, sealPolicy } from "../src/policy/policy.ts";
import type { VerifiedEvidence, VerifiedIntelEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { ENCLAVE, options, REPORT_DATA, refusal, vendor } from "./simulated.ts";
import { TD } from "./simulated-td.ts";

const ADVISORY = "SIMULATED-SA-7";
const TEES = [
  ["sgx", await vendor.quote(ENCLAVE)],
  ["tdx", await vendor.tdxQuote({ ...TD, version: 5 })],
] as const;

async function evidenceUnder(content: CollateralOptions, quote: Uint8Array): Promise<VerifiedIntelEvidence> {
  return verifyEvidence(quote, await vendor.collateral({ advisoryIds: [ADVISORY], ...content }), options);
}

function reasonsFor(evidence: VerifiedEvidence, policy: PolicyMembers): ClaimCode[] {
  return appraise(evidence, sealPolicy(policy), { reportData: REPORT_DATA }).reasons.map(({ code }) => code);
}

/** A policy that accepts one status with all that it demands. */
function accepting(status: ConvergedTcbStatus): AppraisalPolicy {
  const tcb = {
    statuses: [status],
    toleratedAdvisoryIds: [ADVISORY, "SIMULATED-SA-00003"],
    minimumTcbDate: "2025-01-01T00:00:00Z",
    relaunchDeadline: "2026-04-01T00:00:00Z",
  };
  return parsePolicy({ tcb }, { requireIdentity: false });
}

/** The table of the specification, by part and platform. */
const OUTDATED: Readonly<Record<TcbStatus, TcbStatus>> = {
  UpToDate: "OutOfDate",
  SWHardeningNeeded: "OutOfDate",
  ConfigurationNeeded: "OutOfDateConfigurationNeeded",
  ConfigurationAndSWHardeningNeeded: "OutOfDateConfigurationNeeded",
  OutOfDate: "OutOfDate",
  OutOfDateConfigurationNeeded: "OutOfDateConfigurationNeeded",
  Revoked: "Revoked",
};

function converged(status: TcbStatus, ...parts: readonly PartTcbStatus[]): TcbStatus {
  if (parts.includes("Revoked")) {
    return "Revoked";
  }
  return parts.includes("OutOfDate") ? OUTDATED[status] : status;
}

for (const [tee, quote] of TEES) {
  describe(`the status of ${tee} evidence`, () => {
    for (const tcbStatus of TCB_STATUSES) {
      it(`${tcbStatus} is told as it stands, and judged by policy`, async () => {
        const evidence = await evidenceUnder({ tee, tcbStatus }, quote);
        assert.deepEqual([evidence.tcbStatus, evidence.platformTcbStatus], [tcbStatus, tcbStatus]);
        assert.deepEqual(evidence.advisories, [{ id: ADVISORY, sources: ["platform"] }]);
        const unaccepted = ["tcb-status-not-accepted", "advisory-not-tolerated"] as const;
        assert.deepEqual(reasonsFor(evidence, defaultPolicy), tcbStatus === "UpToDate" ? [] : unaccepted);
        for (const other of TCB_STATUSES.filter((status) => status !== tcbStatus && status !== "Revoked")) {
          assert.ok(reasonsFor(evidence, accepting(other)).includes("tcb-status-not-accepted"));
        }
        if (tcbStatus === "Revoked") {
          assert.throws(() => accepting(tcbStatus), refusal("policy-invalid"));
          const forced = { tcb: { statuses: [tcbStatus], toleratedAdvisoryIds: [ADVISORY] } };
          assert.deepEqual(reasonsFor(evidence, forced), ["tcb-status-not-accepted"]);
        } else {
          assert.deepEqual(reasonsFor(evidence, accepting(tcbStatus)), []);
        }
      });
    }

    it("that no list knows is refused wherever it stands", async () => {
      for (const status of ["Fine", "uptodate", "UpToDate\n", "TDRelaunchAdvised", "", "ＵpToDate"]) {
        for (const content of [{ tcbStatus: status }, { qeTcbStatus: status }]) {
          await assert.rejects(evidenceUnder({ tee, ...content }, quote), refusal("tcb-status-unknown"), status);
        }
      }
    });

    it("joins that of the quoting enclave by the table", async () => {
      for (const tcbStatus of TCB_STATUSES) {
        for (const qeTcbStatus of PART_TCB_STATUSES) {
          const evidence = await evidenceUnder({ tee, tcbStatus, qeTcbStatus }, quote);
          assert.equal(evidence.tcbStatus, converged(tcbStatus, qeTcbStatus), `${tcbStatus}, QE ${qeTcbStatus}`);
          assert.deepEqual([evidence.platformTcbStatus, evidence.qeTcbStatus], [tcbStatus, qeTcbStatus]);
        }
      }
    });
  });
}

describe("the status of TDX evidence with its module", () => {
  const [, [, current]] = TEES;

  it("joins those of module and quoting enclave by the table", async () => {
    for (const tcbStatus of TCB_STATUSES) {
      for (const tdxModuleStatus of PART_TCB_STATUSES) {
        for (const qeTcbStatus of ["UpToDate", "OutOfDate"] as const) {
          const content = { tee: "tdx", tcbStatus, tdxModuleStatus, qeTcbStatus } as const;
          const evidence = await evidenceUnder(content, await vendor.tdxQuote(TD));
          const expected = converged(tcbStatus, tdxModuleStatus, qeTcbStatus);
          assert.equal(evidence.tcbStatus, expected, `${tcbStatus}, module ${tdxModuleStatus}, QE ${qeTcbStatus}`);
          assert.equal(evidence.tdxModuleTcbStatus, tdxModuleStatus);
        }
      }
    }
  });

  it("that no module can have is refused", async () => {
    for (const tdxModuleStatus of ["SWHardeningNeeded", "ConfigurationNeeded", "Fine", ""]) {
      await assert.rejects(evidenceUnder({ tee: "tdx", tdxModuleStatus }, current), refusal("tcb-status-unknown"));
    }
  });
});

describe("the status of a trust domain whose module was updated under it", () => {
  const svn = (isvSvn: number): string => encodeHex(Uint8Array.from(vendor.teeTcbSvn).fill(isvSvn, 0, 1));
  const relaunch = { ...TD, teeTcbSvn: svn(3), teeTcbSvn2: svn(4) };

  for (const [tcbStatus, advised] of [
    ["UpToDate", "TDRelaunchAdvised"],
    ["SWHardeningNeeded", "TDRelaunchAdvised"],
    ["ConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded"],
    ["ConfigurationAndSWHardeningNeeded", "TDRelaunchAdvisedConfigurationNeeded"],
    ["OutOfDate", "OutOfDate"],
    ["OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded"],
    ["Revoked", "Revoked"],
  ] as const) {
    it(`is ${advised} on a platform that is ${tcbStatus}`, async () => {
      const quote = await vendor.tdxQuote({ ...relaunch, version: 5 });
      const evidence = await evidenceUnder({ tee: "tdx", tcbStatus }, quote);
      assert.equal(evidence.tcbStatus, advised);
      assert.equal(evidence.tdxModuleTcbStatus, "OutOfDate");
      assert.ok(reasonsFor(evidence, defaultPolicy).includes("tcb-status-not-accepted"));
      if (advised !== "Revoked") {
        const minimumTcbDate = evidence.tcbDate.toISOString();
        const policy = accepting(advised);
        assert.deepEqual(reasonsFor(evidence, { tcb: { ...policy.tcb, minimumTcbDate } }), []);
      }
    });
  }

  it("is outdated in a body of TDX 1.0, and under an outdated or revoked quoting enclave", async () => {
    const older = await vendor.tdxQuote({ ...relaunch, version: 5, bodyType: 2 });
    assert.equal((await evidenceUnder({ tee: "tdx" }, older)).tcbStatus, "OutOfDate");
    const quote = await vendor.tdxQuote({ ...relaunch, version: 5 });
    assert.equal((await evidenceUnder({ tee: "tdx", qeTcbStatus: "OutOfDate" }, quote)).tcbStatus, "OutOfDate");
    assert.equal((await evidenceUnder({ tee: "tdx", qeTcbStatus: "Revoked" }, quote)).tcbStatus, "Revoked");
  });

  it("is accepted until the deadline of the policy alone", async () => {
    const quote = await vendor.tdxQuote({ ...relaunch, version: 5 });
    const evidence = await evidenceUnder({ tee: "tdx" }, quote);
    const until = (relaunchDeadline: string | undefined): ClaimCode[] => {
      const { tcb } = accepting("TDRelaunchAdvised");
      const { minimumTcbDate: _, relaunchDeadline: __, ...others } = tcb ?? {};
      return reasonsFor(evidence, { tcb: relaunchDeadline === undefined ? others : { ...others, relaunchDeadline } });
    };
    assert.deepEqual(until(evidence.verifiedAt.toISOString()), []);
    assert.deepEqual(until("2026-03-01T11:59:59Z"), ["relaunch-overdue"]);
    assert.deepEqual(until(undefined), ["relaunch-overdue"]);
    assert.deepEqual(until("no date"), ["relaunch-overdue"]);
  });
});
