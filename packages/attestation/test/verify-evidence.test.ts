import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeUtf8, generateEcKey, rawEcPoint, sha256 } from "@sealserve/core";
import { chainPem, createVendor, type QuoteOptions } from "@sealserve/simulator";
import type { Collateral } from "../src/collateral/collateral.ts";
import { TCB_STATUSES } from "../src/collateral/tcb-status.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { parseSgxQuote } from "../src/quote/intel-quote.ts";
import { trustedRootFromPem, vendorRoot } from "../src/trust/trusted-root.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { COPIES, daysLater, ENCLAVE, flipped, NOW, options, refusal, root, vendor } from "./simulated.ts";

const quote = await vendor.quote(ENCLAVE);
const collateral = await vendor.collateral();
const verified = await verifyCollateral(collateral, options);

async function refuses(
  evidence: Uint8Array,
  code: AttestationErrorCode,
  endorsements: Collateral | typeof verified = verified,
): Promise<void> {
  await assert.rejects(verifyEvidence(evidence, endorsements, options), refusal(code));
}

async function refusesQuote(overrides: Partial<QuoteOptions>, code: AttestationErrorCode): Promise<void> {
  await refuses(await vendor.quote({ ...ENCLAVE, ...overrides }), code);
}

describe("genuine evidence", () => {
  it("comes with status, dates, platform and reports", async () => {
    const evidence = await verifyEvidence(quote, collateral, options);
    assert.equal(evidence.tee, "sgx");
    assert.equal(evidence.simulated, true);
    assert.equal(evidence.tcbStatus, "UpToDate");
    assert.deepEqual(evidence.advisoryIds, []);
    assert.deepEqual(evidence.report, parseSgxQuote(quote).report);
    assert.equal(evidence.qe.isvProdId, 1);
    assert.equal(evidence.pck.fmspc, vendor.machine.fmspc);
    assert.equal(evidence.pck.serialNumber, vendor.pck.certificate.serialNumber);
    assert.equal(evidence.pck.issuer, "Intel SGX PCK Platform CA");
    assert.equal(evidence.earliestExpiry.getTime(), daysLater(30).getTime());
    assert.equal(evidence.collateralDigest, verified.digest);
    assert.equal(evidence.verifiedAt.getTime(), NOW.getTime());
  });

  it("reports every status of the platform as the vendor states it", async () => {
    for (const tcbStatus of TCB_STATUSES) {
      const given = await vendor.collateral({ tcbStatus, advisoryIds: ["SA-7"] });
      const evidence = await verifyEvidence(quote, given, options);
      assert.equal(evidence.tcbStatus, tcbStatus);
      assert.deepEqual(evidence.advisoryIds, ["SA-7"]);
    }
  });

  it("reports an outdated or revoked quoting enclave beside the status of the platform", async () => {
    const cases = [
      ["OutOfDate", "OutOfDateConfigurationNeeded"],
      ["Revoked", "Revoked"],
    ] as const;
    for (const [qeTcbStatus, converged] of cases) {
      const given = await vendor.collateral({ tcbStatus: "ConfigurationNeeded", qeTcbStatus });
      const evidence = await verifyEvidence(quote, given, options);
      assert.equal(evidence.platformTcbStatus, "ConfigurationNeeded");
      assert.equal(evidence.qeTcbStatus, qeTcbStatus);
      assert.equal(evidence.tcbStatus, converged);
    }
  });

  it("may have authentication data of any length, and its chain in any order", async () => {
    for (const length of [0, 1, 64, 1000]) {
      const bytes = await vendor.quote({ ...ENCLAVE, authenticationData: new Uint8Array(length).fill(5) });
      await verifyEvidence(bytes, verified, options);
    }
    const { pck, platformCa, root: ownRoot } = vendor;
    const data = encodeUtf8(chainPem(pck, ownRoot, platformCa).replaceAll("\n", "\r\n"));
    await verifyEvidence(await vendor.quote({ ...ENCLAVE, certificationData: { type: 5, data } }), verified, options);
  });

  it("may come without its PCK chain when that is supplied beside it", async () => {
    const certificationData = { type: 3, data: new Uint8Array(404) };
    const bytes = await vendor.quote({ ...ENCLAVE, certificationData });
    await refuses(bytes, "pck-chain-missing");
    const pckCertificateChain = vendor.pckChainPem;
    await verifyEvidence(bytes, { ...collateral, pckCertificateChain }, options);
    await refuses(bytes, "pck-chain-malformed", { ...collateral, pckCertificateChain: "" });
  });

  for (const [kind, copyOf] of Object.entries(COPIES)) {
    it(`cannot be changed by the caller while it is verified, given as ${kind}`, async () => {
      const bytes = copyOf(quote);
      const verifying = verifyEvidence(bytes, verified, options);
      bytes.fill(0);
      const evidence = await verifying;
      assert.deepEqual(evidence.report, parseSgxQuote(quote).report);
    });
  }

  it("holds nothing of the collateral that changing it would change for the next evidence", async () => {
    const first = await verifyEvidence(quote, verified, options);
    const { platform, qe } = first.levels;
    for (const { tcbDate } of [platform, qe]) {
      tcbDate.setUTCFullYear(2099);
    }
    (platform.components as number[]).fill(255);
    (platform.advisoryIds as string[]).push("INVENTED");
    first.earliestExpiry.setUTCFullYear(2099);
    assert.throws(() => Object.assign(first.pck.configuration ?? {}, { smtEnabled: false }), TypeError);
    const second = await verifyEvidence(quote, verified, options);
    assert.ok(second.tcbDate.getUTCFullYear() < 2099 && second.earliestExpiry.getUTCFullYear() < 2099);
    assert.ok(second.levels.platform.tcbDate.getUTCFullYear() < 2099);
    assert.deepEqual(second.advisoryIds, []);
    assert.ok(second.levels.platform.components.some((svn) => svn !== 255));
  });

  it("is read from its bytes, not from fields that somebody parsed before", async () => {
    const parsed = parseSgxQuote(quote);
    const tampered = { ...parsed, report: { ...parsed.report, mrEnclave: new Uint8Array(32) } };
    const evidence = await verifyEvidence(tampered, verified, options);
    assert.ok(evidence.tee === "sgx");
    assert.deepEqual(evidence.report.mrEnclave, parsed.report.mrEnclave);
  });
});

describe("a forged quote", () => {
  it("is refused when another key signed the quoting enclave's report", async () => {
    const stranger = await generateEcKey("P-256");
    await refusesQuote({ qeReportSigner: stranger }, "qe-report-signature-invalid");
    await refusesQuote({ qeReportSigner: vendor.attestationKey }, "qe-report-signature-invalid");
    await refusesQuote({ qeReportSigner: vendor.platformCa.key }, "qe-report-signature-invalid");
  });

  it("is refused when the quoting enclave does not vouch for the attestation key and all its data", async () => {
    const key = rawEcPoint(vendor.attestationKey.publicKeyInfo);
    const authenticationData = new Uint8Array(32).fill(3);
    const digest = await sha256(concatBytes(key, authenticationData));
    const bindings = [
      concatBytes(await sha256(key), new Uint8Array(32)),
      concatBytes(digest, new Uint8Array(31), Uint8Array.of(1)),
      concatBytes(new Uint8Array(32), digest),
      concatBytes(flipped(digest, 31), new Uint8Array(32)),
      new Uint8Array(64),
    ];
    for (const reportData of bindings) {
      await refusesQuote({ authenticationData, qeReport: { reportData } }, "qe-binding-mismatch");
    }
  });

  it("is refused when an enclave other than Intel's signed it on a genuine platform", async () => {
    const flags = (value: bigint) => ({ attributes: { flags: value } });
    const cases: readonly (readonly [QuoteOptions["qeReport"], AttestationErrorCode])[] = [
      [{ mrSigner: "77".repeat(32) }, "qe-identity-mrsigner-mismatch"],
      [{ isvProdId: 2 }, "qe-identity-isv-prod-id-mismatch"],
      [{ miscSelect: 1 }, "qe-identity-miscselect-mismatch"],
      [flags(0x05n), "qe-identity-attributes-mismatch"],
      [flags(0x17n), "qe-identity-attributes-mismatch"],
      [flags(0x95n), "qe-identity-attributes-mismatch"],
      [{ isvSvn: 5 }, "qe-tcb-not-supported"],
    ];
    for (const [qeReport, code] of cases) {
      await refusesQuote({ qeReport: qeReport ?? {} }, code);
    }
  });

  it("is refused when its quoting enclave runs in debug mode, even if the identity's mask lets it", async () => {
    const bytes = await vendor.quote({ ...ENCLAVE, qeReport: { attributes: { flags: 0x17n } } });
    const members = { attributesMask: "F9FFFFFFFFFFFFFF0000000000000000" };
    await refuses(bytes, "qe-debug", await vendor.collateral({ qeIdentity: { members } }));
  });

  it("is refused when another key signed it", async () => {
    await refusesQuote({ quoteSigner: await generateEcKey("P-256") }, "quote-signature-invalid");
    await refusesQuote({ quoteSigner: vendor.pck.key }, "quote-signature-invalid");
  });

  it("is refused with an attestation key that is no point on the curve", async () => {
    const offset = 436 + 64;
    for (const point of [new Uint8Array(64), new Uint8Array(64).fill(0xff), new Uint8Array(64).fill(1)]) {
      const authenticationData = new Uint8Array(32);
      const reportData = concatBytes(await sha256(concatBytes(point, authenticationData)), new Uint8Array(32));
      const bytes = await vendor.quote({ ...ENCLAVE, authenticationData, qeReport: { reportData } });
      bytes.set(point, offset);
      await refuses(bytes, "quote-signature-invalid");
    }
  });

  it("is refused with any single byte changed in what is signed or in a signature", async () => {
    const { qe, raw } = parseSgxQuote(quote);
    const beforeCertification = 436 + 578 + qe.authenticationData.length;
    assert.ok(beforeCertification < raw.length);
    for (let offset = 0; offset < beforeCertification; offset++) {
      const mutated = flipped(quote, offset, 1 << (offset % 8));
      await assert.rejects(verifyEvidence(mutated, verified, options), { name: "AttestationError" }, `byte ${offset}`);
    }
  });
});

describe("collateral that was verified before", () => {
  it("serves many quotes, and remembers the chain of a platform", async () => {
    const once = await verifyCollateral(collateral, options);
    const first = await verifyEvidence(quote, once, options);
    const second = await verifyEvidence(await vendor.quote({ ...ENCLAVE, isvSvn: 4 }), once, options);
    assert.deepEqual(second.pck, first.pck);
    assert.ok(second.tee === "sgx");
    assert.equal(second.report.isvSvn, 4);
  });

  it("is refused once the time has left its window", async () => {
    const later = { root, now: daysLater(31) };
    await assert.rejects(verifyEvidence(quote, verified, later), refusal("crl-expired"));
    await assert.rejects(verifyEvidence(quote, verified, { root, now: daysLater(-1) }), refusal("crl-not-yet-valid"));
    await assert.rejects(verifyEvidence(quote, verified, { root, now: new Date("") }), refusal("clock-invalid"));
  });

  it("does not carry a remembered chain beyond the end of its certificates", async () => {
    const short = await createVendor({ now: NOW, certificates: { pck: { notAfter: daysLater(2) } } });
    const ownRoot = await trustedRootFromPem(short.rootPem);
    const once = await verifyCollateral(await short.collateral(), { now: NOW, root: ownRoot });
    const bytes = await short.quote(ENCLAVE);
    const evidence = await verifyEvidence(bytes, once, { now: NOW, root: ownRoot });
    assert.equal(evidence.earliestExpiry.getTime(), daysLater(2).getTime());
    const later = { now: daysLater(3), root: ownRoot };
    await assert.rejects(verifyEvidence(bytes, once, later), refusal("pck-chain-expired"));
  });

  it("looks revocation up anew when it is renewed", async () => {
    await verifyEvidence(quote, verified, options);
    const revoked = [vendor.pck.certificate.serialNumber];
    const renewed = await verifyCollateral(await vendor.collateral({ pckCrl: { revoked } }), options);
    await refuses(quote, "pck-revoked", renewed);
  });

  it("is refused under another root than the one it was verified with", async () => {
    const other = { now: NOW, root: vendorRoot };
    await assert.rejects(verifyEvidence(quote, verified, other), refusal("root-untrusted"));
  });

  it("cannot be imitated by an object that looks like it", async () => {
    const imitation = Object.create(Object.getPrototypeOf(verified)) as typeof verified;
    await assert.rejects(verifyEvidence(quote, imitation, options), refusal("collateral-tee-mismatch"));
  });
});
