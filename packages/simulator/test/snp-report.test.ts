import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CoreError, decodeHex, encodeHex, generateEcKey } from "@sealserve/core";
import { sharedSnpKeys, sharedSnpVendor } from "../src/vendor/snp/shared-snp-vendor.ts";
import { createSnpVendor, type SnpReportOptions } from "../src/vendor/snp/snp-vendor.ts";
import { isSignedBy, readSnpReport, reservedAreZero, SIGNED_BYTES } from "./read-snp-report.ts";
import { now, reportData } from "./verdict.ts";

const measurement = "5e".repeat(48);
const milan = await sharedSnpVendor("Milan", now);
const hardwareId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const turin = await createSnpVendor({ now, product: "Turin", keys: await sharedSnpKeys("Milan"), hardwareId });
const genoa = await createSnpVendor({ now, product: "Genoa", keys: await sharedSnpKeys("Milan") });

const reportOf = (options: Partial<SnpReportOptions> = {}): Promise<Uint8Array> =>
  milan.report({ measurement, reportData, ...options });

const usual = {
  version: 3,
  guestSvn: 0,
  policy: 0x30000n,
  familyId: "00".repeat(16),
  imageId: "00".repeat(16),
  vmpl: 0,
  signatureAlgorithm: 1,
  currentTcb: "04000000000018dc",
  platformInfo: 0x25n,
  flags: 0,
  reportData: encodeHex(reportData),
  measurement,
  hostData: "00".repeat(32),
  idKeyDigest: "00".repeat(48),
  authorKeyDigest: "00".repeat(48),
  reportId: "00".repeat(32),
  reportIdMa: "ff".repeat(32),
  reportedTcb: "04000000000018db",
  cpuId: "190101",
  chipId: encodeHex(milan.hardwareId),
  committedTcb: "04000000000018db",
  currentFirmware: "1d370100",
  committedFirmware: "1d370100",
  launchTcb: "04000000000018db",
  launchMitigations: 0n,
  currentMitigations: 0n,
};

describe("SEV-SNP report", () => {
  it("says what an ordinary guest on Milan has, signed by the VCEK", async () => {
    const report = await reportOf();
    assert.deepEqual(readSnpReport(report), usual);
    assert.ok(reservedAreZero(report));
    assert.ok(await isSignedBy(report, milan.vcek.key.publicKeyInfo));
  });

  it("signed by the VLEK has no chip id, and says so in its flags", async () => {
    const report = await reportOf({ signedBy: "vlek" });
    assert.deepEqual(readSnpReport(report), { ...usual, flags: 4, chipId: "00".repeat(64) });
    assert.ok(await isSignedBy(report, milan.vlek.key.publicKeyInfo));
    assert.equal(await isSignedBy(report, milan.vcek.key.publicKeyInfo), false);
  });

  it("has the levels and the short chip id of Turin where Turin has them", async () => {
    const report = readSnpReport(await turin.report({ measurement, reportData }));
    assert.deepEqual([report.version, report.cpuId, report.reportedTcb], [5, "1a0201", "010201040000004f"]);
    assert.equal(report.currentTcb, "0102010400000050");
    assert.equal(report.chipId, "0102030405060708".padEnd(128, "0"));
    assert.deepEqual([report.launchMitigations, report.currentMitigations], [1n, 1n]);
  });

  it("names Genoa by its model", async () => {
    const report = readSnpReport(await genoa.report({ measurement, reportData }));
    assert.deepEqual([report.version, report.cpuId, report.reportedTcb], [3, "191101", "0a00000000001954"]);
  });

  it("has CPUID from version 3 on and mitigation vectors from version 5 on", async () => {
    const read = async (version: number) => {
      const { cpuId, launchMitigations } = readSnpReport(await reportOf({ version, launchMitigations: 9n }));
      return [cpuId, launchMitigations];
    };
    assert.deepEqual(await read(1), ["000000", 0n]);
    assert.deepEqual(await read(2), ["000000", 0n]);
    assert.deepEqual(await read(3), ["190101", 0n]);
    assert.deepEqual(await read(4), ["190101", 0n]);
    assert.deepEqual(await read(5), ["190101", 9n]);
  });
});

describe("overrides of a SEV-SNP report", () => {
  it("reach every field", async () => {
    const options = {
      version: 5,
      guestSvn: 7,
      policy: 0xffff_ffff_ffff_ffffn,
      familyId: "11".repeat(16),
      imageId: "12".repeat(16),
      vmpl: 0xffff_ffff,
      signatureAlgorithm: 2,
      currentTcb: "1300000000000000",
      platformInfo: 0x67n,
      flags: 0xffff_ffff,
      reportData: new Uint8Array(64).fill(0x14),
      measurement: "15".repeat(48),
      hostData: "16".repeat(32),
      idKeyDigest: "17".repeat(48),
      authorKeyDigest: "18".repeat(48),
      reportId: "19".repeat(32),
      reportIdMa: "1a".repeat(32),
      reportedTcb: "1b00000000000000",
      cpuId: { family: 0x1c, model: 0x1d, stepping: 0x1e },
      chipId: "1f".repeat(64),
      committedTcb: "2000000000000000",
      currentFirmware: { build: 0x21, minor: 0x22, major: 0x23 },
      committedFirmware: { build: 0x24, minor: 0x25, major: 0x26 },
      launchTcb: "2700000000000000",
      launchMitigations: 0x28n,
      currentMitigations: 0x29n,
    };
    const report = await reportOf(options);
    assert.deepEqual(readSnpReport(report), {
      ...options,
      reportData: "14".repeat(64),
      cpuId: "1c1d1e",
      currentFirmware: "21222300",
      committedFirmware: "24252600",
    });
    assert.ok(await isSignedBy(report, milan.vcek.key.publicKeyInfo));
  });

  it("set single levels of a TCB, which the committed and the launch TCB follow", async () => {
    const report = readSnpReport(await reportOf({ reportedTcb: { microcode: 255 }, launchTcb: { snp: 8 } }));
    assert.deepEqual(
      [report.reportedTcb, report.currentTcb, report.committedTcb, report.launchTcb],
      ["04000000000018ff", "04000000000018ff", "04000000000018ff", "04000000000008db"],
    );
  });

  it("set single flags, and the number of the signing key apart from the key", async () => {
    const flags = async (options: Partial<SnpReportOptions>) => readSnpReport(await reportOf(options)).flags;
    assert.equal(await flags({ authorKeyEnabled: true }), 1);
    assert.equal(await flags({ maskChipKey: true, signedBy: "vlek" }), 6);
    assert.equal(await flags({ signingKey: 7 }), 0x1c);
    assert.equal(await flags({ signingKey: 1 }), 4);
  });

  it("let a stranger sign", async () => {
    const signer = await generateEcKey("P-384");
    const report = await reportOf({ signer });
    assert.deepEqual(readSnpReport(report), usual);
    assert.equal(await isSignedBy(report, milan.vcek.key.publicKeyInfo), false);
    assert.ok(await isSignedBy(report, signer.publicKeyInfo));
  });

  it("set reserved bytes under a valid signature", async () => {
    const rewrite = (report: Uint8Array): Uint8Array => {
      const changed = Uint8Array.from(report);
      changed[0x190] = 1;
      return changed;
    };
    const report = await reportOf({ rewrite });
    assert.equal(reservedAreZero(report), false);
    assert.ok(await isSignedBy(report, milan.vcek.key.publicKeyInfo));
  });

  it("write the signature in another form", async () => {
    const bigEndian = (raw: Uint8Array): Uint8Array => Uint8Array.from([...raw, ...new Uint8Array(512 - 96)]);
    const report = await reportOf({ encodeSignature: bigEndian });
    assert.equal(report.length, 1184);
    assert.equal(await isSignedBy(report, milan.vcek.key.publicKeyInfo), false);
    const none = await reportOf({ encodeSignature: () => new Uint8Array(0) });
    assert.equal(none.length, SIGNED_BYTES);
  });

  it("are refused where a value does not fit its field", async () => {
    await assert.rejects(reportOf({ measurement: "5e".repeat(32) }), CoreError);
    await assert.rejects(reportOf({ reportedTcb: "00" }), CoreError);
    await assert.rejects(reportOf({ chipId: encodeHex(decodeHex("00".repeat(8))) }), CoreError);
    await assert.rejects(reportOf({ reportData: new Uint8Array(48) }), { code: "bad-argument" });
  });
});
