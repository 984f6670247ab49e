import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeInteger, generateEcKey } from "@sealserve/core";
import { appraise } from "../src/policy/appraise.ts";
import { defaultPolicy } from "../src/policy/policy.ts";
import { vendorRoot } from "../src/trust/trusted-root.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifySignatureOnly } from "../src/verify/verify-signature-only.ts";
import { daysLater, NOW, refusal } from "./simulated.ts";
import { derOf, GUEST, issuersOf, snpOptions, snpRoot, snpVendor, vendors } from "./snp-simulated.ts";

const { Genoa } = vendors;
const report = await Genoa.report(GUEST);
const extended = concatBytes(report, Genoa.certificateTable());

describe("a SEV-SNP report without collateral", () => {
  it("is held against the certificates beside it, or those that are given", async () => {
    const holds = { signatureValid: true, simulated: true };
    assert.deepEqual(await verifySignatureOnly(extended, snpOptions), holds);
    const snpCertificates = { ...issuersOf(Genoa), vek: derOf(Genoa.vcek) };
    assert.deepEqual(await verifySignatureOnly(report, { ...snpOptions, snpCertificates }), holds);
    const vek = derOf(Genoa.vcek);
    assert.deepEqual(await verifySignatureOnly(extended, { ...snpOptions, snpCertificates: { vek } }), holds);
  });

  it("without certificates has no signature that anybody could check", async () => {
    const { signatureValid, reason } = await verifySignatureOnly(report, snpOptions);
    assert.deepEqual([signatureValid, reason?.code], [false, "snp-chain-missing"]);
    const issuers = await verifySignatureOnly(report, { ...snpOptions, snpCertificates: issuersOf(Genoa) });
    assert.equal(issuers.reason?.code, "snp-vek-missing");
  });

  it("is not valid by another key, under another root, or out of time", async () => {
    const forged = await Genoa.report({ ...GUEST, signer: await generateEcKey("P-384") });
    const cases = [
      [concatBytes(forged, Genoa.certificateTable()), snpOptions, "snp-report-signature-invalid"],
      [extended, { now: NOW, root: vendorRoot }, "root-untrusted"],
      [extended, { now: daysLater(3000), root: snpRoot }, "snp-chain-expired"],
      [
        concatBytes(await Genoa.report({ ...GUEST, signingKey: 7 }), Genoa.certificateTable()),
        snpOptions,
        "snp-signing-key-unsupported",
      ],
    ] as const;
    for (const [bytes, options, code] of cases) {
      const { signatureValid, reason } = await verifySignatureOnly(bytes, options);
      assert.deepEqual([signatureValid, reason?.code], [false, code]);
    }
    assert.equal((await verifySignatureOnly(extended, { now: NOW, root: vendorRoot })).simulated, false);
  });

  it("says nothing of TCB and chip, nor of revocation", async () => {
    const other = await snpVendor("Genoa", { certificates: { vcek: { extensions: { "3.8": encodeInteger(1) } } } });
    const bytes = concatBytes(report, other.certificateTable());
    assert.equal((await verifySignatureOnly(bytes, snpOptions)).signatureValid, true);
    const crl = await Genoa.crl({ revoked: [Genoa.ask.certificate.serialNumber] });
    assert.equal(
      (await verifySignatureOnly(extended, { ...snpOptions, snpCertificates: { crl } as object })).signatureValid,
      true,
    );
  });

  it("that cannot be parsed is refused, and no check makes evidence of it", async () => {
    await assert.rejects(verifySignatureOnly(report.subarray(0, 500), snpOptions), refusal("snp-report-malformed"));
    const check = await verifySignatureOnly(extended, snpOptions);
    const pretended = check as unknown as VerifiedEvidence;
    assert.throws(
      () => appraise(pretended, defaultPolicy, { reportData: "unchecked" }),
      refusal("evidence-not-verified"),
    );
  });
});
