import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { QeIdentity } from "../src/collateral/qe-identity.ts";
import type { PlatformTcbLevel, TcbInfo } from "../src/collateral/tcb-info.ts";
import { PART_TCB_STATUSES, type PartTcbStatus, TCB_STATUSES, type TcbStatus } from "../src/collateral/tcb-status.ts";
import { converge } from "../src/verify/intel/converge.ts";
import { evaluateTcb } from "../src/verify/intel/tcb-evaluation.ts";
import { NOW, refusal } from "./simulated.ts";

const COMPONENTS = [12, 12, 3, 3, 255, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2];

function level(offset: number, status: TcbStatus, facts: Partial<PlatformTcbLevel> = {}): PlatformTcbLevel {
  const components = COMPONENTS.map((svn) => Math.max(0, svn - offset));
  const tcbDate = new Date(`${2025 - offset}-05-14T00:00:00Z`);
  return { components, tdxComponents: undefined, pceSvn: 13 - offset, status, tcbDate, advisoryIds: [], ...facts };
}

function tcbInfo(levels: readonly PlatformTcbLevel[]): TcbInfo {
  const facts = { tee: "sgx", version: 3, issueDate: NOW, nextUpdate: NOW, fmspc: "", pceId: "" } as const;
  return { ...facts, tcbEvaluationDataNumber: 1, levels, tdxModules: undefined };
}

function qeIdentity(levels: QeIdentity["levels"]): QeIdentity {
  const nothing = new Uint8Array();
  const masks = { miscSelect: nothing, miscSelectMask: nothing, attributes: nothing, attributesMask: nothing };
  const facts = { tee: "sgx", issueDate: NOW, nextUpdate: NOW, mrSigner: "", isvProdId: 1 } as const;
  return { ...facts, ...masks, tcbEvaluationDataNumber: 1, levels };
}

const PLATFORM = tcbInfo([
  level(0, "UpToDate"),
  level(1, "SWHardeningNeeded", { advisoryIds: ["SA-1"] }),
  level(2, "OutOfDate", { advisoryIds: ["SA-1", "SA-2"] }),
]);
const QE_DATE = new Date("2024-11-13T00:00:00Z");
const QE = qeIdentity([
  { isvSvn: 8, status: "UpToDate", tcbDate: QE_DATE, advisoryIds: [] },
  { isvSvn: 6, status: "OutOfDate", tcbDate: new Date("2020-01-01T00:00:00Z"), advisoryIds: ["SA-1", "SA-9"] },
]);

function evaluate(components: readonly number[], pceSvn = 13, qeIsvSvn = 8) {
  return evaluateTcb({ pck: { components, pceSvn }, qeIsvSvn, td: undefined }, PLATFORM, QE);
}

function withComponent(index: number, svn: number): number[] {
  return COMPONENTS.with(index, svn);
}

describe("the TCB level of a platform", () => {
  it("is the first that every component and the PCESVN reach", () => {
    assert.equal(evaluate(COMPONENTS).platformTcbStatus, "UpToDate");
    assert.equal(evaluate(COMPONENTS.map((svn) => svn + 1)).platformTcbStatus, "UpToDate");
  });

  it("falls when any single component is one too low, however high the others are", () => {
    for (const [index, svn] of COMPONENTS.entries()) {
      if (svn > 0) {
        const others = COMPONENTS.map(() => 255).with(index, svn - 1);
        assert.equal(
          evaluate(withComponent(index, svn - 1)).platformTcbStatus,
          "SWHardeningNeeded",
          `component ${index}`,
        );
        assert.equal(evaluate(others).platformTcbStatus, "SWHardeningNeeded", `component ${index}`);
      }
    }
  });

  it("falls when the PCESVN alone is too low", () => {
    assert.equal(evaluate(COMPONENTS, 12).platformTcbStatus, "SWHardeningNeeded");
    assert.equal(evaluate(COMPONENTS, 11).platformTcbStatus, "OutOfDate");
  });

  it("takes 255 for a number, not for anything goes", () => {
    assert.equal(evaluate(withComponent(4, 254)).platformTcbStatus, "SWHardeningNeeded");
  });

  it("is not supported below all levels", () => {
    assert.throws(() => evaluate(COMPONENTS, 10), refusal("platform-tcb-not-supported"));
    assert.throws(() => evaluate(withComponent(0, 9)), refusal("platform-tcb-not-supported"));
  });

  it("is never reached by a list of components of another length", () => {
    assert.throws(() => evaluate(COMPONENTS.slice(0, 15)), refusal("platform-tcb-not-supported"));
    assert.throws(() => evaluate([...COMPONENTS, 0]), refusal("platform-tcb-not-supported"));
    assert.throws(() => evaluate([]), refusal("platform-tcb-not-supported"));
  });

  it("never improves when a component gets lower", () => {
    const rank: Readonly<Record<string, number>> = { UpToDate: 2, SWHardeningNeeded: 1, OutOfDate: 0 };
    const rankOf = (components: readonly number[]): number => {
      try {
        return rank[evaluate(components).platformTcbStatus] ?? -1;
      } catch {
        return -1;
      }
    };
    const svn = fc.integer({ min: 0, max: 8 });
    fc.assert(
      fc.property(fc.array(svn, { minLength: 16, maxLength: 16 }), fc.nat(15), fc.nat(255), (extra, index, less) => {
        const components = COMPONENTS.map((base, at) => Math.max(0, base + (extra[at] ?? 0) - 2));
        const lower = components.with(index, Math.max(0, (components[index] ?? 0) - less));
        assert.ok(rankOf(lower) <= rankOf(components));
      }),
    );
  });
});

describe("the TCB level of a quoting enclave", () => {
  it("is the first whose ISVSVN it reaches", () => {
    assert.equal(evaluate(COMPONENTS, 13, 9).qeTcbStatus, "UpToDate");
    assert.equal(evaluate(COMPONENTS, 13, 7).qeTcbStatus, "OutOfDate");
  });

  it("is not supported below all levels", () => {
    assert.throws(() => evaluate(COMPONENTS, 13, 5), refusal("qe-tcb-not-supported"));
  });
});

describe("platform and quoting enclave together", () => {
  it("converge as the table says, for every pair", () => {
    const expected: Readonly<Record<PartTcbStatus, readonly TcbStatus[]>> = {
      UpToDate: TCB_STATUSES,
      OutOfDate: [
        "OutOfDate",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
        "OutOfDateConfigurationNeeded",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
        "Revoked",
      ],
      Revoked: TCB_STATUSES.map(() => "Revoked"),
    };
    for (const part of PART_TCB_STATUSES) {
      assert.deepEqual(
        TCB_STATUSES.map((status) => converge(status, part)),
        expected[part],
      );
    }
  });

  it("unite their advisories, each once, and take the older date", () => {
    const tcb = evaluate(COMPONENTS, 12, 6);
    assert.equal(tcb.tcbStatus, "OutOfDate");
    assert.deepEqual(tcb.advisoryIds, ["SA-1", "SA-9"]);
    assert.equal(tcb.tcbDate.toISOString(), "2020-01-01T00:00:00.000Z");
    assert.deepEqual(evaluate(COMPONENTS).tcbDate, QE_DATE);
  });
});
