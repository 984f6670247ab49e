// What every kind of evidence is judged by: its kind, its machine, shared cores, and collateral over its end.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { derSequence, encodeBoolean, encodeOid, encodeSequence, parseDer } from "@sealserve/core";
import { createVendor, encodeSgxExtension } from "@sealserve/simulator";
import { appraise } from "../src/policy/appraise.ts";
import type { ClaimCode } from "../src/policy/claim.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { defaultPolicy, type PolicyMembers, sealPolicy } from "../src/policy/policy.ts";
import { trustedRootFromPem } from "../src/trust/trusted-root.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { daysLater, ENCLAVE, MR_ENCLAVE, MR_SIGNER, NOW, options, REPORT_DATA, root, vendor } from "./simulated.ts";
import { REGISTERS, TD, tdxCollateral } from "./simulated-td.ts";

const sgxCollateral = await vendor.collateral();
const enclave = await verifyEvidence(await vendor.quote(ENCLAVE), sgxCollateral, options);
const trustDomain = await verifyEvidence(await vendor.tdxQuote(TD), tdxCollateral, options);
const BOTH = [enclave, trustDomain] as const;

const { mrTd, rtMr0, rtMr1, rtMr2 } = REGISTERS;
const sgx = { mrEnclave: [MR_ENCLAVE] };
const tdx = { images: [{ mrTd, rtMr0, rtMr1, rtMr2 }] };

function reasonsFor(evidence: VerifiedEvidence, policy: PolicyMembers): ClaimCode[] {
  const { reasons, accepted } = appraise(evidence, sealPolicy(policy), { reportData: REPORT_DATA });
  assert.equal(accepted, reasons.length === 0);
  return reasons.map(({ code }) => code);
}

describe("the kind of TEE", () => {
  it("must be one for which the policy pins software", () => {
    assert.deepEqual(reasonsFor(trustDomain, parsePolicy({ sgx })), ["tee-not-accepted"]);
    assert.deepEqual(reasonsFor(enclave, parsePolicy({ tdx })), ["tee-not-accepted"]);
    const signer = { mrSigner: [MR_SIGNER], isvProdId: 7, minimumIsvSvn: 3 };
    assert.deepEqual(reasonsFor(trustDomain, parsePolicy({ sgx: signer })), ["tee-not-accepted"]);
    for (const evidence of BOTH) {
      assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx, tdx })), []);
      const [reason] = appraise(trustDomain, sealPolicy({ sgx }), { reportData: "unchecked" }).reasons;
      assert.deepEqual([reason?.expected, reason?.actual], ["sgx", "tdx"]);
    }
  });

  it("is judged also where a policy names it without pinning software", () => {
    assert.deepEqual(reasonsFor(trustDomain, { sgx, tdx: { migration: "allow" } }), ["tee-not-accepted"]);
    assert.deepEqual(reasonsFor(enclave, { sgx: { provisionKey: "allow" }, tdx }), ["tee-not-accepted"]);
  });

  it("is open for looking only, where nothing is pinned", () => {
    for (const evidence of BOTH) {
      assert.deepEqual(reasonsFor(evidence, defaultPolicy), []);
    }
  });
});

describe("the machine", () => {
  const { ppid, platformInstanceId } = vendor.machine;
  const stranger = "5a".repeat(16);

  it("must be a listed one where a policy lists some, by either identifier", () => {
    for (const evidence of BOTH) {
      for (const machines of [
        { ppid: [stranger, ppid] },
        { platformInstanceId: [platformInstanceId] },
        { ppid: [stranger], platformInstanceId: [platformInstanceId.toUpperCase()] },
      ]) {
        assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx, tdx, machines })), []);
      }
      for (const machines of [
        { ppid: [stranger] },
        { platformInstanceId: [stranger] },
        { chipId: [ppid.repeat(4)] },
        { ppid: [platformInstanceId], platformInstanceId: [ppid] },
      ]) {
        assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx, tdx, machines })), ["machine-not-listed"]);
      }
      assert.deepEqual(reasonsFor(evidence, { machines: {} }), ["machine-not-listed"]);
      assert.deepEqual(reasonsFor(evidence, { machines: { ppid: [] } }), ["machine-not-listed"]);
    }
  });

  it("must not be a denied one, by any identifier", () => {
    for (const evidence of BOTH) {
      for (const deniedMachines of [{ ppid: [stranger, ppid] }, { platformInstanceId: [platformInstanceId] }]) {
        assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx, tdx, deniedMachines })), ["machine-denied"]);
      }
      assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx, tdx, deniedMachines: { ppid: [stranger] } })), []);
    }
  });

  it("is denied even where it is listed, and the reason names it", () => {
    const policy = parsePolicy({
      sgx,
      machines: { ppid: [ppid] },
      deniedMachines: { platformInstanceId: [platformInstanceId] },
    });
    assert.deepEqual(reasonsFor(enclave, policy), ["machine-denied"]);
    const [reason] = appraise(enclave, sealPolicy(policy), { reportData: REPORT_DATA }).reasons;
    assert.equal(reason?.actual, `ppid ${ppid}, platformInstanceId ${platformInstanceId}`);
  });

  it("is found in whichever case a policy of one's own making writes it", () => {
    const upper = { ppid: [ppid.toUpperCase()] };
    assert.deepEqual(reasonsFor(enclave, { deniedMachines: upper }), ["machine-denied"]);
    assert.deepEqual(reasonsFor(enclave, { machines: upper }), []);
  });
});

describe("shared cores", () => {
  const fields = (configuration: Uint8Array[]): Uint8Array => {
    const arc = "1.2.840.113741.1.13.1";
    const entries = derSequence(parseDer(encodeSgxExtension(vendor.machine))).map(({ raw }) => raw);
    const own = configuration.map((value) => encodeSequence(encodeOid(`${arc}.7.3`), value));
    return encodeSequence(...entries.slice(0, 6), encodeSequence(encodeOid(`${arc}.7`), encodeSequence(...own)));
  };

  async function evidenceWithSmt(smt: boolean | undefined): Promise<VerifiedEvidence> {
    const sgxExtension = fields(smt === undefined ? [] : [encodeBoolean(smt)]);
    const by = await createVendor({ now: NOW, certificates: { pck: { sgxExtension } } });
    const given = { now: NOW, root: await trustedRootFromPem(by.rootPem) };
    return verifyEvidence(await by.quote(ENCLAVE), await by.collateral(), given);
  }

  it("are refused where a policy says so, and where nobody knows", async () => {
    const refuse = parsePolicy({ sgx, smt: "refuse" });
    for (const [smt, actual] of [
      [true, "on"],
      [undefined, "unknown"],
    ] as const) {
      const evidence = await evidenceWithSmt(smt);
      assert.deepEqual(reasonsFor(evidence, refuse), ["smt-enabled"]);
      assert.equal(appraise(evidence, refuse, { reportData: REPORT_DATA }).reasons[0]?.actual, actual);
      assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx, smt: "allow" })), []);
      assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx })), []);
    }
    assert.deepEqual(reasonsFor(await evidenceWithSmt(false), refuse), []);
  });
});

describe("collateral over its end", () => {
  it("is refused by default, and accepted up to the hours that a policy names", async () => {
    const given = { root, now: new Date(daysLater(30).getTime() + 5 * 3600 * 1000), graceHours: 168 };
    const overdue = [
      await verifyEvidence(await vendor.quote(ENCLAVE), sgxCollateral, given),
      await verifyEvidence(await vendor.tdxQuote(TD), tdxCollateral, given),
    ];
    for (const evidence of overdue) {
      assert.equal(evidence.overdueMs, 5 * 3600 * 1000);
      for (const [hours, expected] of [
        [undefined, ["collateral-overdue"]],
        [0, ["collateral-overdue"]],
        [4, ["collateral-overdue"]],
        [5, []],
        [168, []],
      ] as const) {
        const tcb = hours === undefined ? {} : { maximumOverdueHours: hours };
        assert.deepEqual(reasonsFor(evidence, parsePolicy({ sgx, tdx, tcb })), expected, `${hours} hours`);
      }
    }
    assert.deepEqual(reasonsFor(enclave, parsePolicy({ sgx, tdx })), []);
  });
});
