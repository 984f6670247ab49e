// The time of verification: windows, the grace beyond their end, and what an outage of the vendor's service leads to.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CertificateOverrides, type CollateralOptions, createVendor, type Role } from "@sealserve/simulator";
import type { AttestationErrorCode } from "../src/errors.ts";
import { appraise } from "../src/policy/appraise.ts";
import { defaultPolicy, sealPolicy } from "../src/policy/policy.ts";
import { trustedRootFromPem } from "../src/trust/trusted-root.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { verifySignatureOnly } from "../src/verify/verify-signature-only.ts";
import { DAY_MS, daysLater, ENCLAVE, NOW, options, REPORT_DATA, refusal, root, vendor } from "./simulated.ts";
import { TD, tdxCollateral, verifiedTdx } from "./simulated-td.ts";

const HOUR_MS = 3600 * 1000;
const MAX_GRACE = 168;

const quote = await vendor.quote(ENCLAVE);
const tdQuote = await vendor.tdxQuote(TD);

function hoursAfter(date: Date, hours: number): Date {
  return new Date(date.getTime() + hours * HOUR_MS);
}

/** Collateral of which all lasts, but one document or list that ends after two days. */
async function endingFirst(name: "tcbInfo" | "qeIdentity" | "rootCaCrl" | "pckCrl") {
  const lasting = { nextUpdate: daysLater(90) };
  const all: CollateralOptions = { tcbInfo: lasting, qeIdentity: lasting, rootCaCrl: lasting, pckCrl: lasting };
  return vendor.collateral({ ...all, [name]: { nextUpdate: daysLater(2) } });
}

describe("a grace", () => {
  const end = daysLater(2);
  const codes = {
    tcbInfo: "tcb-info-expired",
    qeIdentity: "qe-identity-expired",
    rootCaCrl: "crl-expired",
    pckCrl: "crl-expired",
  } as const;

  for (const [name, code] of Object.entries(codes)) {
    it(`extends ${name} to its last millisecond and no further`, async () => {
      const collateral = await endingFirst(name as keyof typeof codes);
      for (const graceHours of [0, 24, 0.5, MAX_GRACE]) {
        const last = hoursAfter(end, graceHours);
        const over = new Date(last.getTime() + 1);
        const evidence = await verifyEvidence(quote, collateral, { root, now: last, graceHours });
        assert.equal(evidence.overdueMs, graceHours * HOUR_MS);
        assert.equal(evidence.earliestExpiry.getTime(), end.getTime());
        await assert.rejects(verifyEvidence(quote, collateral, { root, now: over, graceHours }), refusal(code));
      }
    });

    it(`extends ${name} also where it was verified before`, async () => {
      const verified = await verifyCollateral(await endingFirst(name as keyof typeof codes), options);
      const now = hoursAfter(end, 10);
      assert.equal((await verifyEvidence(quote, verified, { root, now, graceHours: 10 })).overdueMs, 10 * HOUR_MS);
      for (const graceHours of [undefined, 0, 9.99]) {
        const given = graceHours === undefined ? { root, now } : { root, now, graceHours };
        await assert.rejects(verifyEvidence(quote, verified, given), refusal(code));
      }
    });
  }

  it("never extends a certificate", async () => {
    const cases: readonly (readonly [Role, AttestationErrorCode])[] = [
      ["pck", "pck-chain-expired"],
      ["platformCa", "issuer-chain-expired"],
      ["tcbSigning", "issuer-chain-expired"],
      ["root", "issuer-chain-expired"],
    ];
    for (const [role, code] of cases) {
      const overrides: CertificateOverrides = { notAfter: end };
      const by = await createVendor({ now: NOW, certificates: { [role]: overrides } });
      const own = await trustedRootFromPem(by.rootPem);
      const collateral = await by.collateral();
      const bytes = await by.quote(ENCLAVE);
      const evidence = await verifyEvidence(bytes, collateral, { root: own, now: end, graceHours: MAX_GRACE });
      assert.equal(evidence.overdueMs, 0);
      const over = new Date(end.getTime() + 1);
      const given = { root: own, now: over, graceHours: MAX_GRACE };
      await assert.rejects(verifyEvidence(bytes, collateral, given), refusal(code), role);
    }
  });

  it("does not let anything count before its beginning", async () => {
    for (const name of ["tcbInfo", "qeIdentity"] as const) {
      const collateral = await vendor.collateral({ [name]: { issueDate: daysLater(1) } });
      const early = verifyEvidence(quote, collateral, { ...options, graceHours: MAX_GRACE });
      await assert.rejects(early, refusal(name === "tcbInfo" ? "tcb-info-not-yet-valid" : "qe-identity-not-yet-valid"));
    }
  });

  it("beyond a week, or that is no number of hours, is refused everywhere", async () => {
    for (const graceHours of [168.001, 169, 1e9, -1, -0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const given = { ...options, graceHours };
      await assert.rejects(verifyEvidence(tdQuote, verifiedTdx, given), refusal("clock-invalid"), `${graceHours}`);
      await assert.rejects(verifyEvidence(tdQuote, tdxCollateral, given), refusal("clock-invalid"));
      await assert.rejects(verifyCollateral(tdxCollateral, given), refusal("clock-invalid"));
    }
  });

  it("that evidence rests on is refused by policy unless it says how long", async () => {
    const now = hoursAfter(daysLater(30), 1);
    const evidence = await verifyEvidence(tdQuote, tdxCollateral, { root, now, graceHours: 2 });
    const codesUnder = (tcb: { maximumOverdueHours?: number }): string[] =>
      appraise(evidence, sealPolicy({ tcb }), { reportData: REPORT_DATA }).reasons.map(({ code }) => code);
    assert.deepEqual(codesUnder({}), ["collateral-overdue"]);
    assert.deepEqual(codesUnder({ maximumOverdueHours: 1 }), []);
    const [claim] = appraise(evidence, defaultPolicy, { reportData: REPORT_DATA }).reasons;
    assert.deepEqual([claim?.expected, claim?.actual], ["collateral in its window", "1.0 hours over its end"]);
  });
});

describe("a time that is none", () => {
  it("is refused everywhere", async () => {
    for (const now of [new Date(Number.NaN), new Date("no date"), new Date(8.64e15 + 1)]) {
      for (const [bytes, given] of [
        [quote, await vendor.collateral()],
        [tdQuote, tdxCollateral],
        [tdQuote, verifiedTdx],
      ] as const) {
        await assert.rejects(verifyEvidence(bytes, given, { root, now }), refusal("clock-invalid"));
      }
      await assert.rejects(verifyCollateral(tdxCollateral, { root, now }), refusal("clock-invalid"));
      await assert.rejects(verifySignatureOnly(tdQuote, { root, now }), refusal("clock-invalid"));
    }
  });

  it("cannot be changed while a verification goes on", async () => {
    const now = new Date(NOW);
    const verifying = verifyEvidence(tdQuote, tdxCollateral, { root, now });
    now.setTime(0);
    assert.equal((await verifying).verifiedAt.getTime(), NOW.getTime());
  });
});

describe("a walk over sixty days", () => {
  const STEP_HOURS = 6;
  const STEPS = (60 * 24) / STEP_HOURS;

  /** Verifies at each step with collateral fetched once it is `refreshDays` old, unless the service is away. */
  async function walk(refreshDays: number, isAway: (now: Date) => boolean, graceHours = 0) {
    let verified = verifiedTdx;
    const refused: Date[] = [];
    const overdue: VerifiedEvidence[] = [];
    for (let step = 0; step <= STEPS; step++) {
      const now = hoursAfter(NOW, step * STEP_HOURS);
      const age = now.getTime() - verified.issued.tcbInfo.getTime();
      if (age >= refreshDays * DAY_MS && !isAway(now)) {
        verified = await verifyCollateral(await vendor.collateral({ tee: "tdx", now }), { root, now });
      }
      try {
        const evidence = await verifyEvidence(tdQuote, verified, { root, now, graceHours });
        if (evidence.overdueMs > 0) {
          overdue.push(evidence);
        }
      } catch (cause) {
        refusal("crl-expired")(cause);
        refused.push(now);
      }
    }
    return { refused, overdue };
  }

  it("with documents of thirty days has no gap, however late they are renewed inside their window", async () => {
    for (const refreshDays of [1, 15, 23, 30]) {
      assert.deepEqual(await walk(refreshDays, () => false), { refused: [], overdue: [] }, `${refreshDays} days`);
    }
  });

  it("has a gap where they are renewed after their window", async () => {
    const { refused } = await walk(31, () => false);
    assert.deepEqual([refused.length > 0, refused[0]], [true, hoursAfter(daysLater(30), STEP_HOURS)]);
  });

  it("ends, in an outage, with the window that was told beforehand", async () => {
    const outage = daysLater(20);
    const isAway = (now: Date): boolean => now >= outage;
    // Renewed at day 15 for the last time, so that it lasts up to day 45.
    const forecast = daysLater(45);
    const { refused, overdue } = await walk(15, isAway);
    assert.deepEqual(overdue, []);
    assert.equal(refused[0]?.getTime(), hoursAfter(forecast, STEP_HOURS).getTime());
    assert.equal(refused.length, (15 * 24) / STEP_HOURS);
  });

  it("goes on for the hours of a grace, during which all evidence says so", async () => {
    const isAway = (now: Date): boolean => now >= daysLater(20);
    const { refused, overdue } = await walk(15, isAway, 72);
    assert.equal(refused[0]?.getTime(), hoursAfter(daysLater(48), STEP_HOURS).getTime());
    assert.deepEqual(
      overdue.map(({ overdueMs }) => overdueMs / HOUR_MS),
      Array.from({ length: 72 / STEP_HOURS }, (_, index) => (index + 1) * STEP_HOURS),
    );
    for (const evidence of overdue) {
      const { reasons } = appraise(evidence, defaultPolicy, { reportData: REPORT_DATA });
      assert.deepEqual(
        reasons.map(({ code }) => code),
        ["collateral-overdue"],
      );
    }
  });
});
