import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { QeIdentity } from "../src/collateral/qe-identity.ts";
import type { PlatformTcbLevel, TcbInfo } from "../src/collateral/tcb-info.ts";
import {
  CONVERGED_TCB_STATUSES,
  PART_TCB_STATUSES,
  TCB_STATUSES,
  type TcbStatus,
} from "../src/collateral/tcb-status.ts";
import type { TdxModuleIdentity } from "../src/collateral/tdx-module.ts";
import { parseIntelQuote } from "../src/quote/intel-quote.ts";
import type { TdReportBody } from "../src/quote/td-report-body.ts";
import { uniteAdvisories } from "../src/verify/intel/advisory.ts";
import { converge } from "../src/verify/intel/converge.ts";
import { matchPlatformLevel, matchSgxPart } from "../src/verify/intel/platform-tcb.ts";
import { evaluateTcb } from "../src/verify/intel/tcb-evaluation.ts";
import { NOW, refusal, vendor } from "./simulated.ts";
import { TD } from "./simulated-td.ts";

const quote = parseIntelQuote(await vendor.tdxQuote({ ...TD, version: 5 }));
assert.ok(quote.tee === "tdx");
const { report } = quote;

const COMPONENTS = [12, 12, 3, 3, 255, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2];
const TDX_COMPONENTS = [7, 1, 12, 3, 0, 255, 0, 0, 4, 0, 0, 0, 0, 0, 0, 9];
const PCK = { components: COMPONENTS, pceSvn: 13 };

function level(offset: number, status: TcbStatus, facts: Partial<PlatformTcbLevel> = {}): PlatformTcbLevel {
  const below = (svns: readonly number[]): number[] => svns.map((svn) => Math.max(0, svn - offset));
  const tcbDate = new Date(`${2025 - offset}-05-14T00:00:00Z`);
  const parts = { components: below(COMPONENTS), tdxComponents: below(TDX_COMPONENTS), pceSvn: 13 - offset };
  return { ...parts, status, tcbDate, advisoryIds: [`SA-PLATFORM-${offset}`, "SA-SHARED"], ...facts };
}

const IDENTITY: TdxModuleIdentity = {
  mrSigner: "00".repeat(48),
  attributes: new Uint8Array(8),
  attributesMask: new Uint8Array(8).fill(0xff),
  levels: [
    { isvSvn: 4, status: "UpToDate", tcbDate: new Date("2024-11-13T00:00:00Z"), advisoryIds: ["SA-MODULE-4"] },
    {
      isvSvn: 2,
      status: "OutOfDate",
      tcbDate: new Date("2023-08-09T00:00:00Z"),
      advisoryIds: ["SA-MODULE", "SA-SHARED"],
    },
    { isvSvn: 1, status: "Revoked", tcbDate: new Date("2022-08-09T00:00:00Z"), advisoryIds: [] },
  ],
};

const INFO: TcbInfo = {
  tee: "tdx",
  version: 3,
  issueDate: NOW,
  nextUpdate: NOW,
  fmspc: "",
  pceId: "",
  tcbEvaluationDataNumber: 1,
  levels: [level(0, "UpToDate"), level(1, "ConfigurationNeeded"), level(2, "OutOfDate")],
  tdxModules: { first: IDENTITY, byVersion: new Map([[3, IDENTITY]]) },
};

const QE: QeIdentity = {
  tee: "tdx",
  issueDate: NOW,
  nextUpdate: NOW,
  tcbEvaluationDataNumber: 1,
  miscSelect: new Uint8Array(),
  miscSelectMask: new Uint8Array(),
  attributes: new Uint8Array(),
  attributesMask: new Uint8Array(),
  mrSigner: "",
  isvProdId: 2,
  levels: [
    { isvSvn: 8, status: "UpToDate", tcbDate: new Date("2025-01-01T00:00:00Z"), advisoryIds: [] },
    { isvSvn: 6, status: "OutOfDate", tcbDate: new Date("2021-01-01T00:00:00Z"), advisoryIds: ["SA-QE", "SA-SHARED"] },
  ],
};

function teeTcbSvn(isvSvn: number, version: number, rest = TDX_COMPONENTS.slice(2)): Uint8Array {
  return Uint8Array.of(isvSvn, version, ...rest);
}

function platformStatus(svns: Uint8Array | undefined, info = INFO): TcbStatus {
  return matchPlatformLevel(PCK, svns, info).status;
}

function evaluate(td: Partial<TdReportBody>, { pck = PCK, qeIsvSvn = 8, info = INFO } = {}) {
  return evaluateTcb({ pck, qeIsvSvn, td: { ...report, teeTcbSvn2: undefined, ...td } }, info, QE);
}

describe("the TDX part of a platform", () => {
  it("counts from its first component for modules without a version", () => {
    assert.equal(platformStatus(Uint8Array.from(TDX_COMPONENTS).fill(0, 1, 2)), "ConfigurationNeeded");
    const unversioned = { ...INFO, levels: INFO.levels.map(withoutVersion) };
    assert.equal(platformStatus(teeTcbSvn(7, 0), unversioned), "UpToDate");
    assert.equal(platformStatus(teeTcbSvn(6, 0), unversioned), "ConfigurationNeeded");
    assert.equal(platformStatus(teeTcbSvn(5, 0), unversioned), "OutOfDate");
    assert.throws(() => platformStatus(teeTcbSvn(4, 0), unversioned), refusal("platform-tcb-not-supported"));
  });

  it("leaves the first two components to the module's own identity from version 1 on", () => {
    for (const version of [1, 3, 255]) {
      for (const isvSvn of [0, 6, 7, 255]) {
        assert.equal(platformStatus(teeTcbSvn(isvSvn, version)), "UpToDate", `${isvSvn} of version ${version}`);
      }
    }
  });

  it("falls when any other component is one too low, whichever version the module has", () => {
    const unversioned = { ...INFO, levels: INFO.levels.map(withoutVersion) };
    for (const [version, info] of [
      [0, unversioned],
      [3, INFO],
    ] as const) {
      for (let index = 2; index < 16; index++) {
        const needed = TDX_COMPONENTS[index] ?? 0;
        if (needed > 0) {
          const svns = new Uint8Array(16).fill(255);
          svns.set([version], 1);
          svns.set([needed - 1], index);
          assert.equal(platformStatus(svns, info), "ConfigurationNeeded", `component ${index}, version ${version}`);
        }
      }
    }
  });

  it("does not make up for the SGX part, nor that for it", () => {
    const high = new Uint8Array(16).fill(255);
    for (const index of [0, 4, 15]) {
      const pck = { ...PCK, components: PCK.components.with(index, (PCK.components[index] ?? 0) - 1) };
      assert.equal(matchPlatformLevel(pck, high, INFO).status, "ConfigurationNeeded");
    }
    const best = { components: PCK.components.map(() => 255), pceSvn: 0xffff };
    assert.equal(
      matchPlatformLevel(best, teeTcbSvn(4, 3, TDX_COMPONENTS.slice(2).with(0, 11)), INFO).status,
      "ConfigurationNeeded",
    );
    assert.equal(matchPlatformLevel({ ...best, pceSvn: 12 }, high, INFO).status, "ConfigurationNeeded");
  });

  it("is reached at no level by SVNs of another length, nor at a level without TDX components", () => {
    for (const length of [0, 15, 17]) {
      const svns = new Uint8Array(length).fill(255);
      assert.throws(() => platformStatus(svns), refusal("platform-tcb-not-supported"));
    }
    const bare = { ...INFO, levels: [level(0, "UpToDate", { tdxComponents: undefined })] };
    assert.throws(() => platformStatus(teeTcbSvn(4, 3), bare), refusal("platform-tcb-not-supported"));
    assert.equal(platformStatus(undefined, bare), "UpToDate");
  });

  it("is left out of the status of the SGX part", () => {
    assert.equal(matchSgxPart(PCK, INFO).status, "UpToDate");
    const low = { ...PCK, components: PCK.components.map(() => 0) };
    assert.throws(() => matchSgxPart(low, INFO), refusal("platform-tcb-not-supported"));
    const { sgxTcbStatus, platformTcbStatus } = evaluate({
      teeTcbSvn: teeTcbSvn(4, 3, TDX_COMPONENTS.slice(2).with(0, 11)),
    });
    assert.deepEqual([sgxTcbStatus, platformTcbStatus], ["UpToDate", "ConfigurationNeeded"]);
  });

  it("never improves when a component gets lower", () => {
    const rank: Readonly<Record<string, number>> = { UpToDate: 2, ConfigurationNeeded: 1, OutOfDate: 0 };
    const rankOf = (svns: Uint8Array): number => {
      try {
        return rank[platformStatus(svns)] ?? -1;
      } catch {
        return -1;
      }
    };
    const extra = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(extra, fc.integer({ min: 2, max: 15 }), fc.nat(255), (offsets, index, less) => {
        const svns = TDX_COMPONENTS.map((svn, at) =>
          Math.min(255, Math.max(at === 1 ? 1 : 0, svn + (offsets[at] ?? 0))),
        );
        const lower = svns.with(index, Math.max(0, (svns[index] ?? 0) - less));
        assert.ok(rankOf(Uint8Array.from(lower)) <= rankOf(Uint8Array.from(svns)));
      }),
    );
  });
});

describe("platform, module and quoting enclave", () => {
  it("converge as the table says, for every pair", () => {
    const outdated = [
      "OutOfDate",
      "OutOfDate",
      "OutOfDateConfigurationNeeded",
      "OutOfDateConfigurationNeeded",
      "OutOfDate",
      "OutOfDateConfigurationNeeded",
      "Revoked",
      "OutOfDate",
      "OutOfDateConfigurationNeeded",
    ];
    const expected = {
      UpToDate: CONVERGED_TCB_STATUSES,
      OutOfDate: outdated,
      Revoked: CONVERGED_TCB_STATUSES.map(() => "Revoked"),
    };
    for (const part of PART_TCB_STATUSES) {
      assert.deepEqual(
        CONVERGED_TCB_STATUSES.map((status) => converge(status, part)),
        expected[part],
      );
    }
  });

  it("converge in whichever order the parts come", () => {
    for (const status of TCB_STATUSES) {
      for (const first of PART_TCB_STATUSES) {
        for (const second of PART_TCB_STATUSES) {
          assert.equal(converge(converge(status, first), second), converge(converge(status, second), first));
        }
      }
    }
  });

  it("each count towards the status, and are told one by one", () => {
    const current = evaluate({ teeTcbSvn: teeTcbSvn(4, 3) });
    assert.deepEqual(
      [current.tcbStatus, current.tdxModuleTcbStatus, current.qeTcbStatus],
      ["UpToDate", "UpToDate", "UpToDate"],
    );
    const module = evaluate({ teeTcbSvn: teeTcbSvn(3, 3) });
    assert.deepEqual(
      [module.tcbStatus, module.platformTcbStatus, module.tdxModuleTcbStatus],
      ["OutOfDate", "UpToDate", "OutOfDate"],
    );
    assert.equal(evaluate({ teeTcbSvn: teeTcbSvn(1, 3) }).tcbStatus, "Revoked");
    const qe = evaluate({ teeTcbSvn: teeTcbSvn(4, 3) }, { qeIsvSvn: 7 });
    assert.deepEqual([qe.tcbStatus, qe.qeTcbStatus], ["OutOfDate", "OutOfDate"]);
    const low = { ...PCK, pceSvn: 12 };
    assert.equal(evaluate({ teeTcbSvn: teeTcbSvn(3, 3) }, { pck: low }).tcbStatus, "OutOfDateConfigurationNeeded");
    assert.equal(
      evaluate({ teeTcbSvn: teeTcbSvn(4, 3) }, { pck: low, qeIsvSvn: 6 }).tcbStatus,
      "OutOfDateConfigurationNeeded",
    );
  });

  it("leave the module out where it has no version", () => {
    const info = { ...INFO, levels: INFO.levels.map(withoutVersion) };
    const tcb = evaluate({ teeTcbSvn: teeTcbSvn(7, 0) }, { info });
    assert.deepEqual([tcb.tcbStatus, tcb.tdxModuleTcbStatus, tcb.levels.tdxModule], ["UpToDate", undefined, undefined]);
    assert.deepEqual(tcb.advisoryIds, ["SA-PLATFORM-0", "SA-SHARED"]);
  });

  it("are refused by TCB info that is not for TDX, and by levels that nothing reaches", () => {
    const sgx = { ...INFO, tdxModules: undefined };
    assert.throws(() => evaluate({ teeTcbSvn: teeTcbSvn(4, 3) }, { info: sgx }), refusal("tcb-info-tee-mismatch"));
    assert.throws(() => evaluate({ teeTcbSvn: teeTcbSvn(0, 3) }), refusal("tdx-module-tcb-not-supported"));
    assert.throws(() => evaluate({ teeTcbSvn: teeTcbSvn(4, 2) }), refusal("tdx-module-unknown"));
    assert.throws(() => evaluate({ teeTcbSvn: teeTcbSvn(4, 3) }, { qeIsvSvn: 5 }), refusal("qe-tcb-not-supported"));
    const low = { ...PCK, pceSvn: 0 };
    assert.throws(() => evaluate({ teeTcbSvn: teeTcbSvn(4, 3) }, { pck: low }), refusal("platform-tcb-not-supported"));
  });

  it("have a current module advise a relaunch before an outdated quoting enclave takes it back", () => {
    const relaunch = { teeTcbSvn: teeTcbSvn(3, 3), teeTcbSvn2: teeTcbSvn(4, 3) };
    assert.equal(evaluate(relaunch).tcbStatus, "TDRelaunchAdvised");
    assert.equal(evaluate(relaunch, { qeIsvSvn: 7 }).tcbStatus, "OutOfDate");
    const configuration = { ...INFO, levels: [level(0, "ConfigurationNeeded")] };
    assert.equal(evaluate(relaunch, { info: configuration }).tcbStatus, "TDRelaunchAdvisedConfigurationNeeded");
    assert.equal(evaluate({ ...relaunch, teeTcbSvn2: teeTcbSvn(3, 3) }).tcbStatus, "OutOfDate");
  });

  it("unite their advisories with the parts that name them, also where a part is up to date", () => {
    const tcb = evaluate({ teeTcbSvn: teeTcbSvn(4, 3) });
    assert.deepEqual(tcb.advisoryIds, ["SA-PLATFORM-0", "SA-SHARED", "SA-MODULE-4"]);
    const { advisories } = evaluate({ teeTcbSvn: teeTcbSvn(3, 3) }, { qeIsvSvn: 6 });
    assert.deepEqual(advisories, [
      { id: "SA-PLATFORM-0", sources: ["platform"] },
      { id: "SA-SHARED", sources: ["platform", "tdx-module", "qe"] },
      { id: "SA-MODULE", sources: ["tdx-module"] },
      { id: "SA-QE", sources: ["qe"] },
    ]);
  });

  it("name an advisory once for each part, however often it stands there", () => {
    const twice = { advisoryIds: ["SA-1", "SA-1"] };
    assert.deepEqual(uniteAdvisories({ platform: twice, tdxModule: undefined, qe: twice }), [
      { id: "SA-1", sources: ["platform", "qe"] },
    ]);
  });

  it("have the date of the oldest level that was reached", () => {
    const dateOf = (...[td, ways]: Parameters<typeof evaluate>): string =>
      evaluate(td, ways).tcbDate.toISOString().slice(0, 10);
    assert.equal(dateOf({ teeTcbSvn: teeTcbSvn(4, 3) }), "2024-11-13");
    assert.equal(dateOf({ teeTcbSvn: teeTcbSvn(3, 3) }), "2023-08-09");
    assert.equal(dateOf({ teeTcbSvn: teeTcbSvn(3, 3) }, { qeIsvSvn: 6 }), "2021-01-01");
    const old = { ...INFO, levels: [level(7, "UpToDate")] };
    assert.equal(dateOf({ teeTcbSvn: teeTcbSvn(4, 3) }, { info: old }), "2018-05-14");
  });
});

/** A level as it speaks of modules without a major version. */
function withoutVersion(given: PlatformTcbLevel): PlatformTcbLevel {
  return { ...given, tdxComponents: given.tdxComponents?.with(1, 0) };
}
