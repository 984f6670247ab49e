import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PlatformTcbLevel, TcbInfo } from "../src/collateral/tcb-info.ts";
import {
  CONVERGED_TCB_STATUSES,
  type ConvergedTcbStatus,
  PART_TCB_STATUSES,
  TCB_STATUSES,
  type TcbStatus,
} from "../src/collateral/tcb-status.ts";
import type { TdxModuleIdentity, TdxModuleTcbLevel } from "../src/collateral/tdx-module.ts";
import { type RelaunchFacts, relaunchStatus } from "../src/verify/intel/td-relaunch.ts";
import { NOW, refusal } from "./simulated.ts";

/** The module that runs now: ISVSVN, major version, late microcode update. */
function running(isvSvn: number, version: number, microcode: number): Uint8Array {
  const svn2 = new Uint8Array(16);
  svn2.set([isvSvn, version, microcode]);
  return svn2;
}

function platformLevel(tdxComponents: readonly number[] | undefined): PlatformTcbLevel {
  const components = Array.from({ length: 16 }, () => 0);
  return { components, tdxComponents, pceSvn: 0, status: "UpToDate", tcbDate: NOW, advisoryIds: [] };
}

function moduleLevel(isvSvn: number, status: TdxModuleTcbLevel["status"]): TdxModuleTcbLevel {
  return { isvSvn, status, tcbDate: NOW, advisoryIds: [] };
}

function identity(...levels: TdxModuleTcbLevel[]): TdxModuleIdentity {
  return { mrSigner: "", attributes: new Uint8Array(), attributesMask: new Uint8Array(), levels };
}

/** Newest first: ISVSVN 7 of modules without a version, microcode 12. The older level asks for less. */
const LEVELS = [
  [7, 0, 12],
  [5, 0, 8],
].map((svns) => platformLevel([...svns, ...Array.from({ length: 13 }, () => 0)]));
const INFO: TcbInfo = {
  tee: "tdx",
  version: 3,
  issueDate: NOW,
  nextUpdate: NOW,
  fmspc: "",
  pceId: "",
  tcbEvaluationDataNumber: 1,
  levels: LEVELS,
  tdxModules: {
    first: identity(),
    byVersion: new Map([
      [1, identity(moduleLevel(6, "UpToDate"), moduleLevel(4, "OutOfDate"))],
      [3, identity(moduleLevel(4, "UpToDate"), moduleLevel(2, "OutOfDate"))],
    ]),
  },
};

/** Everything that advises a relaunch. */
const ADVISED: RelaunchFacts = {
  teeTcbSvn2: running(4, 3, 12),
  sgxStatus: "UpToDate",
  status: "OutOfDate",
  moduleStatus: "OutOfDate",
  qeStatus: "UpToDate",
};

function statusWith(changes: Partial<RelaunchFacts>, info = INFO): string | undefined {
  return relaunchStatus({ ...ADVISED, ...changes }, info);
}

describe("a relaunch of a trust domain", () => {
  it("is advised when nothing but the module that launched it is outdated", () => {
    assert.equal(statusWith({}), "TDRelaunchAdvised");
  });

  it("is not advised when the quoting enclave is outdated or revoked", () => {
    for (const qeStatus of PART_TCB_STATUSES) {
      assert.equal(statusWith({ qeStatus }), qeStatus === "UpToDate" ? "TDRelaunchAdvised" : undefined);
    }
  });

  it("is not advised when the platform below the module is outdated, revoked or below every level", () => {
    const current: readonly TcbStatus[] = [
      "UpToDate",
      "SWHardeningNeeded",
      "ConfigurationNeeded",
      "ConfigurationAndSWHardeningNeeded",
    ];
    for (const sgxStatus of TCB_STATUSES) {
      assert.equal(statusWith({ sgxStatus }) !== undefined, current.includes(sgxStatus), sgxStatus);
    }
  });

  it("is not advised unless platform and module together are outdated", () => {
    const outdated: readonly ConvergedTcbStatus[] = ["OutOfDate", "OutOfDateConfigurationNeeded"];
    for (const status of CONVERGED_TCB_STATUSES) {
      assert.equal(statusWith({ status }) !== undefined, outdated.includes(status), status);
    }
  });

  it("is not advised unless the module itself is outdated", () => {
    for (const moduleStatus of [...PART_TCB_STATUSES, undefined]) {
      assert.equal(statusWith({ moduleStatus }) !== undefined, moduleStatus === "OutOfDate", moduleStatus);
    }
  });

  it("is not advised by a body of TDX 1.0, which does not say what runs now", () => {
    assert.equal(statusWith({ teeTcbSvn2: undefined }), undefined);
  });

  it("is not advised by TCB info that says nothing about modules", () => {
    assert.equal(statusWith({}, { ...INFO, tdxModules: undefined }), undefined);
  });
});

describe("the module that runs now", () => {
  const cases = [
    ["of version 3, at the newest level", running(4, 3, 12), true],
    ["of version 3, above it", running(255, 3, 255), true],
    ["of version 3, one below the newest level", running(3, 3, 12), false],
    ["of version 3, with older microcode", running(4, 3, 11), false],
    ["of version 1, at the newest level", running(6, 1, 12), true],
    ["of version 1, at a level that would do in version 3", running(4, 1, 12), false],
    ["without a version, at the newest level", running(7, 0, 12), true],
    ["without a version, at an older level of the platform", running(5, 0, 12), false],
    ["without a version, one below the newest level", running(6, 0, 12), false],
    ["without a version, with older microcode", running(7, 0, 11), false],
    ["without a version, with the microcode of an older level", running(255, 0, 8), false],
  ] as const;

  for (const [what, teeTcbSvn2, current] of cases) {
    it(`${what}: ${current ? "advises a relaunch" : "is outdated itself"}`, () => {
      assert.equal(statusWith({ teeTcbSvn2 }), current ? "TDRelaunchAdvised" : undefined);
    });
  }

  it("is refused where its version has no identity", () => {
    for (const version of [2, 4, 16, 0x13, 255]) {
      assert.throws(() => statusWith({ teeTcbSvn2: running(255, version, 255) }), refusal("tdx-module-unknown"));
    }
  });

  it("is not asked for where no relaunch comes into question", () => {
    const teeTcbSvn2 = running(255, 2, 255);
    assert.equal(statusWith({ teeTcbSvn2, status: "UpToDate", moduleStatus: "UpToDate" }), undefined);
  });

  it("is outdated where the newest level has no TDX components, or there is no level", () => {
    for (const teeTcbSvn2 of [running(255, 0, 255), running(255, 3, 255)]) {
      assert.equal(statusWith({ teeTcbSvn2 }, { ...INFO, levels: [platformLevel(undefined)] }), undefined);
      assert.equal(statusWith({ teeTcbSvn2 }, { ...INFO, levels: [] }), undefined);
    }
  });

  it("is held against the newest level, not against the best of them", () => {
    const levels = LEVELS.toReversed();
    assert.equal(statusWith({ teeTcbSvn2: running(5, 0, 8) }, { ...INFO, levels }), "TDRelaunchAdvised");
    assert.equal(statusWith({ teeTcbSvn2: running(7, 0, 7) }, { ...INFO, levels }), undefined);
  });
});

describe("the advice", () => {
  it("keeps the fact that the platform needs configuration", () => {
    const configuration = "TDRelaunchAdvisedConfigurationNeeded";
    const cases = [
      ["UpToDate", "OutOfDate", "TDRelaunchAdvised"],
      ["SWHardeningNeeded", "OutOfDate", "TDRelaunchAdvised"],
      ["UpToDate", "OutOfDateConfigurationNeeded", configuration],
      ["ConfigurationNeeded", "OutOfDate", configuration],
      ["ConfigurationAndSWHardeningNeeded", "OutOfDate", configuration],
      ["ConfigurationNeeded", "OutOfDateConfigurationNeeded", configuration],
    ] as const;
    for (const [sgxStatus, status, expected] of cases) {
      assert.equal(statusWith({ sgxStatus, status }), expected);
    }
  });
});
