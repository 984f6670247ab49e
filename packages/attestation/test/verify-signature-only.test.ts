import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generateEcKey } from "@sealserve/core";
import { createVendor, type QuoteOptions } from "@sealserve/simulator";
import type { AttestationErrorCode } from "../src/errors.ts";
import { appraise } from "../src/policy/appraise.ts";
import { defaultPolicy } from "../src/policy/policy.ts";
import { vendorRoot } from "../src/trust/trusted-root.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifySignatureOnly } from "../src/verify/verify-signature-only.ts";
import { daysLater, ENCLAVE, NOW, options, refusal, root, vendor } from "./simulated.ts";

const quote = await vendor.quote(ENCLAVE);

async function fails(overrides: Partial<QuoteOptions>, code: AttestationErrorCode): Promise<void> {
  const check = await verifySignatureOnly(await vendor.quote({ ...ENCLAVE, ...overrides }), options);
  assert.equal(check.signatureValid, false);
  assert.equal(check.reason?.code, code);
}

describe("evidence without collateral", () => {
  it("has a valid signature when chain, report, binding and quote hold together", async () => {
    assert.deepEqual(await verifySignatureOnly(quote, options), { signatureValid: true, simulated: true });
  });

  it("says which signature does not hold", async () => {
    const stranger = await generateEcKey("P-256");
    await fails({ qeReportSigner: stranger }, "qe-report-signature-invalid");
    await fails({ quoteSigner: stranger }, "quote-signature-invalid");
    await fails(
      { authenticationData: new Uint8Array(8), qeReport: { reportData: new Uint8Array(64) } },
      "qe-binding-mismatch",
    );
    await fails({ certificationData: { type: 3, data: new Uint8Array(404) } }, "pck-chain-missing");
    const other = await verifySignatureOnly(quote, { now: NOW, root: vendorRoot });
    assert.deepEqual([other.signatureValid, other.simulated, other.reason?.code], [false, false, "root-untrusted"]);
    const late = await verifySignatureOnly(quote, { now: daysLater(8 * 366), root });
    assert.equal(late.reason?.code, "pck-chain-expired");
  });

  it("can be held against a chain given beside it", async () => {
    const bytes = await vendor.quote({ ...ENCLAVE, certificationData: { type: 3, data: new Uint8Array(404) } });
    const { pckChainPem: pckCertificateChain } = vendor;
    assert.equal((await verifySignatureOnly(bytes, { ...options, pckCertificateChain })).signatureValid, true);
    const stranger = await createVendor({ now: NOW });
    const foreign = await verifySignatureOnly(quote, { ...options, pckCertificateChain: stranger.pckChainPem });
    assert.equal(foreign.signatureValid, false);
  });

  it("that cannot be parsed is refused outright", async () => {
    await assert.rejects(verifySignatureOnly(quote.subarray(0, 500), options), refusal("quote-malformed"));
  });

  it("can never be appraised", async () => {
    const check = await verifySignatureOnly(quote, options);
    const pretended: VerifiedEvidence = JSON.parse(JSON.stringify(check));
    assert.throws(
      () => appraise(pretended, defaultPolicy, { reportData: "unchecked" }),
      refusal("evidence-not-verified"),
    );
  });
});
