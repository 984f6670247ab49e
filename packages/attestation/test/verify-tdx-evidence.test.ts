// TDX evidence from end to end: what it proves, and under which certificates and collateral it does not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeHex, generateEcKey } from "@sealserve/core";
import {
  type CertificateOverrides,
  createVendor,
  type Role,
  type TdQuoteOptions,
  type Vendor,
} from "@sealserve/simulator";
import type { Collateral } from "../src/collateral/collateral.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { parseIntelQuote } from "../src/quote/intel-quote.ts";
import { trustedRootFromPem } from "../src/trust/trusted-root.ts";
import type { VerifiedCollateral } from "../src/verify/intel/verified-collateral.ts";
import type { TdxFacts, VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { daysLater, ENCLAVE, NOW, options, refusal, vendor } from "./simulated.ts";
import { QUOTE_FORMS, TD, tdxCollateral, verifiedTdx } from "./simulated-td.ts";

const quote = await vendor.tdxQuote({ ...TD, version: 5 });
const stranger = await generateEcKey("P-256");

async function verifyTd(
  evidence: Uint8Array,
  collateral: Collateral | VerifiedCollateral = verifiedTdx,
): Promise<VerifiedEvidence & TdxFacts> {
  const evidenceOfTd = await verifyEvidence(evidence, collateral, options);
  assert.ok(evidenceOfTd.tee === "tdx");
  return evidenceOfTd;
}

function tdQuote(overrides: Partial<TdQuoteOptions>, by: Vendor = vendor): Promise<Uint8Array> {
  return by.tdxQuote({ ...TD, version: 5, ...overrides });
}

describe("genuine TDX evidence", () => {
  it("of every form comes with its report, platform, levels and dates", async () => {
    for (const { name, tee, make } of QUOTE_FORMS.filter((form) => form.tee === "tdx")) {
      const bytes = await make();
      const evidence = await verifyTd(bytes, tdxCollateral);
      assert.equal(evidence.tee, tee);
      assert.deepEqual(evidence.report, parseIntelQuote(bytes).report, name);
      assert.equal(evidence.simulated, true);
      assert.equal(evidence.tcbStatus, "UpToDate");
      assert.equal(evidence.tdxModuleTcbStatus, "UpToDate");
      assert.equal(evidence.qe.isvProdId, 2);
      assert.equal(evidence.levels.tdxModule?.isvSvn, 4);
      assert.equal(evidence.pck.fmspc, vendor.machine.fmspc);
      assert.equal(evidence.earliestExpiry.getTime(), daysLater(30).getTime());
      assert.equal(evidence.overdueMs, 0);
      assert.equal(evidence.collateralDigest, verifiedTdx.digest);
      assert.deepEqual(evidence.evaluationNumbers, { tcbInfo: 1, qeIdentity: 1 });
    }
  });

  it("of SGX in versions 4 and 5 is verified as well", async () => {
    const collateral = await vendor.collateral();
    for (const { make } of QUOTE_FORMS.filter((form) => form.tee === "sgx")) {
      const evidence = await verifyEvidence(await make(), collateral, options);
      assert.equal(evidence.tee, "sgx");
    }
  });

  it("may have a module without a version, which has no identity", async () => {
    const by = await createVendor({ now: NOW, teeTcbSvn: [7, 0, 12, ...Array.from({ length: 13 }, () => 0)] });
    const given = { now: NOW, root: await trustedRootFromPem(by.rootPem) };
    const collateral = await by.collateral({ tee: "tdx", tdxModuleIdentities: "absent" });
    const evidence = await verifyEvidence(await tdQuote({}, by), collateral, given);
    assert.ok(evidence.tee === "tdx");
    assert.deepEqual([evidence.tcbStatus, evidence.tdxModuleTcbStatus], ["UpToDate", undefined]);
    const lower = await tdQuote({ teeTcbSvn: `06000c${"00".repeat(13)}` }, by);
    assert.equal((await verifyEvidence(lower, collateral, given)).tcbStatus, "OutOfDate");
  });

  it("may have a module whose version is numbered in hexadecimal", async () => {
    const teeTcbSvn = [5, 16, 12, ...Array.from({ length: 13 }, () => 0)];
    const by = await createVendor({ now: NOW, teeTcbSvn });
    const given = { now: NOW, root: await trustedRootFromPem(by.rootPem) };
    const evidence = await verifyEvidence(await tdQuote({}, by), await by.collateral({ tee: "tdx" }), given);
    assert.equal(evidence.tcbStatus, "UpToDate");
    const tdxModuleIdentities = [{ id: "TDX_16", tcbLevels: [{ isvSvn: 5, status: "UpToDate" }] }];
    const decimal = await by.collateral({ tee: "tdx", tdxModuleIdentities });
    await assert.rejects(verifyEvidence(await tdQuote({}, by), decimal, given), refusal("tdx-module-unknown"));
  });

  it("may have either s in its signatures: Intel's quoting enclave does not choose the lower one", async () => {
    for (const { make, signed } of QUOTE_FORMS.filter((form) => form.tee === "tdx")) {
      const bytes = await make();
      const { report } = await verifyTd(bytes);
      const ofQuote = signed + 4;
      const ofQeReport = ofQuote + 128 + 6 + 384;
      for (const offset of [ofQuote, ofQeReport]) {
        const evidence = await verifyTd(withOtherS(bytes, offset), tdxCollateral);
        assert.deepEqual(evidence.report, report);
      }
    }
  });
});

/** The other s that makes a signature hold: n - s. */
function withOtherS(bytes: Uint8Array, offset: number): Uint8Array {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = bytes.subarray(offset + 32, offset + 64).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const copy = Uint8Array.from(bytes);
  copy.set(decodeHex((order - s).toString(16).padStart(64, "0")), offset + 32);
  return copy;
}

describe("TDX evidence under certificates that may not stand where they do", () => {
  const cases: readonly (readonly [Role, CertificateOverrides, AttestationErrorCode])[] = [
    ["pck", { signer: stranger }, "pck-chain-invalid"],
    ["pck", { ca: true }, "pck-chain-invalid"],
    ["pck", { commonName: "Intel SGX TCB Signing" }, "pck-chain-invalid"],
    ["pck", { keyUsage: ["keyCertSign"] }, "pck-chain-invalid"],
    ["pck", { sgxExtension: "absent" }, "pck-extension-malformed"],
    ["pck", { notBefore: daysLater(-9), notAfter: daysLater(-1) }, "pck-chain-expired"],
    ["pck", { notBefore: daysLater(1) }, "pck-chain-not-yet-valid"],
    ["platformCa", { ca: false }, "pck-crl-issuer-chain-invalid"],
    ["tcbSigning", { ca: true }, "tcb-info-issuer-chain-invalid"],
    ["root", { signer: stranger }, "pck-crl-issuer-chain-invalid"],
  ];

  it("is refused", async () => {
    for (const [role, overrides, code] of cases) {
      const by = await createVendor({ now: NOW, certificates: { [role]: overrides } });
      const given = { now: NOW, root: await trustedRootFromPem(by.rootPem) };
      const collateral = await by.collateral({ tee: "tdx" });
      await assert.rejects(verifyEvidence(await tdQuote({}, by), collateral, given), refusal(code), `${role} ${code}`);
    }
  });
});

describe("collateral of the other TEE", () => {
  it("verified before is refused as well, both ways", async () => {
    await assert.rejects(
      verifyEvidence(await vendor.quote(ENCLAVE), verifiedTdx, options),
      refusal("tcb-info-tee-mismatch"),
    );
    await assert.rejects(
      verifyEvidence(await vendor.quote(ENCLAVE), tdxCollateral, options),
      refusal("tcb-info-tee-mismatch"),
    );
    for (const version of [4, 5] as const) {
      const bytes = await vendor.quote({ ...ENCLAVE, version });
      await assert.rejects(verifyEvidence(bytes, verifiedTdx, options), refusal("tcb-info-tee-mismatch"));
    }
  });

  it("does not help an SGX enclave that passes for a TD quoting enclave", async () => {
    const { tcbInfo, tcbInfoSignature } = tdxCollateral;
    const mixed = { ...(await vendor.collateral()), tcbInfo, tcbInfoSignature };
    await assert.rejects(verifyEvidence(quote, mixed, options), refusal("qe-identity-tee-mismatch"));
  });
});
