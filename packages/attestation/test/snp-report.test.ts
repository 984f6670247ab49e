import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeHex, encodeUtf8 } from "@sealserve/core";
import { encodeSnpSignature, type SnpReportFields } from "@sealserve/simulator";
import fc from "fast-check";
import { AttestationError, type AttestationErrorCode } from "../src/errors.ts";
import { parseEvidence } from "../src/evidence.ts";
import { HOST_REQUESTED } from "../src/snp/report-body.ts";
import { parseSnpReport, SNP_EVIDENCE_MAX_LENGTH, SNP_REPORT_LENGTH } from "../src/snp/snp-report.ts";
import { parseSnpTcb } from "../src/snp/tcb-version.ts";
import { softwareIdentity } from "../src/software-identity.ts";
import { ENCLAVE, flipped, patched, REPORT_DATA, refusal, vendor } from "./simulated.ts";
import { GUEST, HOST_DATA, MEASUREMENT, vendors } from "./snp-simulated.ts";

const milan = await vendors.Milan.report(GUEST);
const turin = await vendors.Turin.report(GUEST);

const VERSION = 0x000;
const POLICY = 0x008;
const FLAGS = 0x048;
const SIGNATURE = 0x2a0;

async function parsed(fields: Partial<SnpReportFields>, product: keyof typeof vendors = "Milan") {
  return parseSnpReport(await vendors[product].report({ ...GUEST, ...fields })).report;
}

function refuses(bytes: Uint8Array, code: AttestationErrorCode): void {
  assert.throws(() => parseSnpReport(bytes), refusal(code));
}

describe("a SEV-SNP report", () => {
  it("is taken apart into guest, platform and signature", async () => {
    const report = await parsed({
      guestSvn: 7,
      familyId: "01".repeat(16),
      imageId: "02".repeat(16),
      idKeyDigest: "03".repeat(48),
      authorKeyDigest: "04".repeat(48),
      reportId: "05".repeat(32),
      vmpl: 2,
      currentFirmware: { build: 40, minor: 56, major: 1 },
      committedFirmware: { build: 21, minor: 55, major: 1 },
    });
    assert.equal(report.version, 3);
    assert.equal(report.guestSvn, 7);
    assert.equal(encodeHex(report.familyId), "01".repeat(16));
    assert.equal(encodeHex(report.imageId), "02".repeat(16));
    assert.equal(report.vmpl, 2);
    assert.deepEqual(report.reportData, REPORT_DATA);
    assert.equal(encodeHex(report.measurement), MEASUREMENT);
    assert.equal(encodeHex(report.hostData), HOST_DATA);
    assert.equal(encodeHex(report.idKeyDigest), "03".repeat(48));
    assert.equal(encodeHex(report.authorKeyDigest), "04".repeat(48));
    assert.equal(encodeHex(report.reportId), "05".repeat(32));
    assert.equal(encodeHex(report.reportIdMa), "ff".repeat(32));
    assert.deepEqual(report.chipId, vendors.Milan.hardwareId);
    assert.deepEqual(report.currentFirmware, { major: 1, minor: 56, build: 40 });
    assert.deepEqual(report.committedFirmware, { major: 1, minor: 55, build: 21 });
    assert.deepEqual(report.cpuId, { family: 0x19, model: 1, stepping: 1 });
    assert.equal(report.product, "Milan");
  });

  it("is what its signature covers, and the signature in the order of the rest of the world", async () => {
    const { signedBytes, signature, raw } = parseSnpReport(milan);
    assert.equal(signedBytes.length, 672);
    assert.deepEqual(raw, milan);
    assert.deepEqual(encodeSnpSignature(signature), milan.subarray(SIGNATURE));
    const signed = await vendors.Milan.vcek.key.signRaw(signedBytes);
    assert.deepEqual(parseSnpReport(concatBytes(signedBytes, encodeSnpSignature(signed))).signature, signed);
  });

  it("may have any of four versions, each with what it has", async () => {
    for (const version of [2, 3, 4, 5]) {
      const report = await parsed({ version, launchMitigations: 5n, currentMitigations: 7n });
      assert.equal(report.version, version);
      assert.equal(report.cpuId?.family, version >= 3 ? 0x19 : undefined);
      assert.equal(report.product, version >= 3 ? "Milan" : undefined);
      assert.equal(report.launchMitigations, version >= 5 ? 5n : undefined);
      assert.equal(report.currentMitigations, version >= 5 ? 7n : undefined);
    }
  });

  it("of another version is refused", () => {
    for (const version of [0, 1, 6, 7, 255, 0x0100]) {
      refuses(patched(milan, VERSION, [version & 0xff, version >> 8]), "snp-report-version-unsupported");
    }
  });

  it("names the bits of the guest's policy", async () => {
    const bits = {
      smtAllowed: 16,
      migrationAgentAllowed: 18,
      debug: 19,
      singleSocket: 20,
      cxlAllowed: 21,
      aes256XtsRequired: 22,
      raplDisabled: 23,
      ciphertextHiding: 24,
      pageSwapDisabled: 25,
    };
    for (const [name, bit] of Object.entries(bits)) {
      const { policy } = await parsed({ policy: (1n << 17n) | (1n << BigInt(bit)) });
      for (const other of Object.keys(bits)) {
        assert.equal(policy[other as keyof typeof bits], other === name, `${name}: ${other}`);
      }
    }
    const { policy } = await parsed({ policy: 0x2_0137n });
    assert.deepEqual(policy.minimumAbi, { major: 1, minor: 0x37 });
  });

  it("with reserved bits of the guest's policy changed is refused, each of them", () => {
    refuses(flipped(milan, POLICY + 2, 0x02), "snp-report-policy-reserved");
    for (let bit = 26; bit < 64; bit++) {
      refuses(flipped(milan, POLICY + (bit >> 3), 1 << (bit & 7)), "snp-report-policy-reserved");
    }
  });

  it("names the bits of the platform, and lets unknown ones through", async () => {
    const bits = { smt: 0, tsme: 1, ecc: 2, raplDisabled: 3, ciphertextHiding: 4, aliasCheckComplete: 5, tio: 7 };
    for (const [name, bit] of Object.entries(bits)) {
      const { platformInfo } = await parsed({ platformInfo: 1n << BigInt(bit) });
      for (const other of Object.keys(bits)) {
        assert.equal(platformInfo[other as keyof typeof bits], other === name, `${name}: ${other}`);
      }
    }
    assert.equal((await parsed({ platformInfo: 0xffff_0000_0000_0040n })).platformInfo.flags, 0xffff_0000_0000_0040n);
  });

  it("names its flags and the key that signs", async () => {
    assert.equal((await parsed({ authorKeyEnabled: true })).authorKeyEnabled, true);
    assert.equal((await parsed({ maskChipKey: true })).maskChipKey, true);
    const names = ["vcek", "vlek", "reserved", "reserved", "reserved", "reserved", "reserved", "none"];
    for (const [signingKey, name] of names.entries()) {
      const report = await parsed({ signingKey });
      assert.equal(report.signingKey, name);
      assert.equal(report.authorKeyEnabled || report.maskChipKey, false);
    }
  });

  it("with reserved flags, bytes or parts of the signature set is refused, each of them", () => {
    for (let bit = 5; bit < 32; bit++) {
      refuses(flipped(milan, FLAGS + (bit >> 3), 1 << (bit & 7)), "snp-report-malformed");
    }
    const reserved = [
      [0x04c, 4],
      [0x18b, 21],
      [0x1eb, 1],
      [0x1ef, 1],
      [0x1f8, 168],
      [SIGNATURE + 48, 24],
      [SIGNATURE + 72 + 48, 24],
      [SIGNATURE + 144, 368],
    ] as const;
    for (const [start, length] of reserved) {
      for (let offset = start; offset < start + length; offset++) {
        refuses(flipped(milan, offset, 1 << (offset & 7)), "snp-report-malformed");
      }
    }
  });

  it("of version 5 has mitigations where older ones have reserved bytes, and version 2 no processor", async () => {
    assert.equal(parseSnpReport(flipped(turin, 0x1f8)).report.launchMitigations, 0n);
    refuses(flipped(turin, 0x208), "snp-report-malformed");
    const old = await vendors.Milan.report({ ...GUEST, version: 2 });
    refuses(flipped(old, 0x188), "snp-report-malformed");
  });

  it("with another signature algorithm or an unknown privilege level is refused", async () => {
    for (const signatureAlgorithm of [0, 2, 0x0101]) {
      const bytes = await vendors.Milan.report({ ...GUEST, signatureAlgorithm });
      refuses(bytes, "snp-report-signature-algorithm-unsupported");
    }
    for (const vmpl of [4, 0xff, 0xffff_fffe]) {
      refuses(await vendors.Milan.report({ ...GUEST, vmpl }), "snp-report-malformed");
    }
    assert.equal((await parsed({ vmpl: 0xffff_ffff })).vmpl, HOST_REQUESTED);
  });

  it("comes from a processor of a known generation", async () => {
    const products = [
      [0x19, 0x00, "Milan"],
      [0x19, 0x0f, "Milan"],
      [0x19, 0x10, "Genoa"],
      [0x19, 0x1f, "Genoa"],
      [0x19, 0xa0, "Genoa"],
      [0x19, 0xaf, "Genoa"],
      [0x1a, 0x00, "Turin"],
      [0x1a, 0x11, "Turin"],
    ] as const;
    for (const [family, model, product] of products) {
      assert.equal((await parsed({ cpuId: { family, model } })).product, product);
    }
    const unknown = [
      [0x17, 0x01],
      [0x19, 0x20],
      [0x19, 0x9f],
      [0x19, 0xb0],
      [0x1a, 0x12],
      [0x1a, 0x50],
      [0x1b, 0x00],
      [0, 0],
    ] as const;
    for (const [family, model] of unknown) {
      refuses(await vendors.Milan.report({ ...GUEST, cpuId: { family, model } }), "snp-product-unknown");
    }
  });

  it("names its software", () => {
    assert.deepEqual(softwareIdentity(parseSnpReport(milan)), {
      measurement: MEASUREMENT,
      hostData: HOST_DATA,
      idKeyDigest: "00".repeat(48),
      authorKeyDigest: "00".repeat(48),
    });
  });
});

describe("a TCB version", () => {
  it("is read by the layout of its product", () => {
    const raw = Uint8Array.of(1, 2, 0, 0, 0, 0, 3, 200);
    for (const product of ["Milan", "Genoa"] as const) {
      assert.deepEqual(parseSnpTcb(raw, product), { bootLoader: 1, tee: 2, snp: 3, microcode: 200 });
    }
    const later = Uint8Array.of(9, 1, 2, 3, 0, 0, 0, 255);
    assert.deepEqual(parseSnpTcb(later, "Turin"), { fmc: 9, bootLoader: 1, tee: 2, snp: 3, microcode: 255 });
  });

  it("with a reserved byte set is refused, since it could be a component that nobody compares", () => {
    const reserved = { Milan: [2, 3, 4, 5], Genoa: [2, 3, 4, 5], Turin: [4, 5, 6] } as const;
    for (const [product, offsets] of Object.entries(reserved)) {
      for (const offset of offsets) {
        const raw = patched(new Uint8Array(8), offset, [1]);
        assert.throws(() => parseSnpTcb(raw, product as keyof typeof reserved), refusal("snp-report-malformed"));
      }
    }
  });
});

describe("evidence of several kinds", () => {
  it("is told apart by its content", async () => {
    assert.equal(parseEvidence(milan).tee, "snp");
    assert.equal(parseEvidence(await vendor.quote(ENCLAVE)).tee, "sgx");
    assert.throws(() => parseEvidence(patched(milan, VERSION, [1])), refusal("snp-report-version-unsupported"));
    assert.throws(() => parseEvidence(milan.subarray(0, 3)), refusal("quote-malformed"));
    assert.throws(() => parseEvidence(new Uint8Array(2000)), refusal("snp-report-version-unsupported"));
    assert.throws(() => parseEvidence(encodeUtf8("#!/bin/sh\nexit 0\n")), { name: "AttestationError" });
  });
});

describe("a SEV-SNP report of the wrong size", () => {
  it("is refused wherever it is cut short", () => {
    for (let length = 0; length < SNP_REPORT_LENGTH; length++) {
      refuses(milan.subarray(0, length), "snp-report-malformed");
    }
  });

  it("may be followed by zero bytes only, and by no more than a table has room for", () => {
    for (const length of [1, 16, 24, 2816, SNP_EVIDENCE_MAX_LENGTH - SNP_REPORT_LENGTH]) {
      const padded = concatBytes(milan, new Uint8Array(length));
      assert.deepEqual(parseSnpReport(padded).raw, milan);
      assert.deepEqual(parseSnpReport(padded).certificates, {});
      refuses(patched(padded, padded.length - 1, [1]), "snp-certificate-table-malformed");
    }
    refuses(new Uint8Array(SNP_EVIDENCE_MAX_LENGTH + 1), "snp-report-too-large");
    refuses(concatBytes(milan, new Uint8Array(SNP_EVIDENCE_MAX_LENGTH)), "snp-report-too-large");
  });

  it("of random bytes is refused with a code, never otherwise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(1300), (bytes, keep) => {
        for (const candidate of [
          bytes,
          concatBytes(Uint8Array.of(3, 0, 0, 0), bytes),
          concatBytes(milan.subarray(0, keep), bytes),
        ]) {
          try {
            parseSnpReport(candidate);
          } catch (error) {
            assert.ok(error instanceof AttestationError, String(error));
          }
        }
      }),
    );
  });
});
