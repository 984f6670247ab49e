import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  concatBytes,
  encodeHex,
  encodeIa5String,
  encodeInteger,
  encodePem,
  encodeUtf8,
  generateEcKey,
} from "@sealserve/core";
import {
  CERTIFICATE_GUIDS,
  type SnpReportOptions,
  type SnpVendor,
  type VekExtensionOverrides,
} from "@sealserve/simulator";
import type { AttestationErrorCode } from "../src/errors.ts";
import { parseSnpReport } from "../src/snp/snp-report.ts";
import { SNP_PRODUCTS } from "../src/tee/snp-product.ts";
import { vendorRoot } from "../src/trust/trusted-root.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import { verifySnpCollateral } from "../src/verify/snp/verify-snp-collateral.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { COPIES, daysLater, ENCLAVE, flipped, NOW, options, patched, vendor } from "./simulated.ts";
import {
  derOf,
  fullCollateral,
  GUEST,
  issuersOf,
  refusesSnp,
  snpOptions,
  snpRoot,
  snpVendor,
  vendors,
} from "./snp-simulated.ts";

const { Milan, Genoa, Turin } = vendors;
const report = await Genoa.report(GUEST);
const collateral = await fullCollateral(Genoa);
const verified = await verifySnpCollateral(issuersOf(Genoa), snpOptions);

function extended(signed: Uint8Array, from: SnpVendor = Genoa): Uint8Array {
  return concatBytes(signed, from.certificateTable());
}

/** Refuses a report of a vendor together with everything that would endorse a right one. */
async function refusesReport(
  fields: Partial<SnpReportOptions>,
  code: AttestationErrorCode,
  from: SnpVendor = Genoa,
): Promise<void> {
  const kind = fields.signedBy ?? "vcek";
  await refusesSnp(await from.report({ ...GUEST, ...fields }), await fullCollateral(from, kind), code);
}

/** Refuses a right report under an endorsement key with other extensions. */
async function refusesKey(
  extensions: VekExtensionOverrides,
  code: AttestationErrorCode,
  { product }: SnpVendor = Genoa,
  kind: "vcek" | "vlek" = "vcek",
): Promise<void> {
  const made = await snpVendor(product, { certificates: { [kind]: { extensions } } });
  await refusesSnp(
    await made.report({ ...GUEST, signedBy: kind }),
    { ...issuersOf(made, kind), vek: derOf(made[kind]) },
    code,
  );
}

describe("a genuine SEV-SNP report", () => {
  it("comes with product, key, TCB versions and revocation", async () => {
    for (const product of SNP_PRODUCTS) {
      const from = vendors[product];
      const bytes = await from.report(GUEST);
      const evidence = await verifyEvidence(bytes, await fullCollateral(from), snpOptions);
      const { fmc, ...others } = from.tcb;
      const tcb = product === "Turin" ? { fmc, ...others } : others;
      assert.equal(evidence.tee, "snp");
      assert.equal(evidence.product, product);
      assert.equal(evidence.signingKey, "vcek");
      assert.deepEqual(evidence.report, parseSnpReport(bytes).report);
      assert.deepEqual(evidence.vek, {
        serialNumber: "00",
        productName: product === "Milan" ? "Milan-B0" : product,
        hardwareId: encodeHex(from.hardwareId),
        providerId: undefined,
        tcb,
      });
      assert.deepEqual(evidence.tcbs, {
        reported: tcb,
        current: { ...tcb, microcode: tcb.microcode + 1 },
        committed: tcb,
        launch: tcb,
      });
      assert.equal(evidence.revocation, "checked");
      assert.equal(evidence.simulated, true);
      assert.equal(evidence.verifiedAt.getTime(), NOW.getTime());
      assert.equal(evidence.overdueMs, 0);
    }
  });

  it("may be signed by the key of a cloud provider, and then names no chip", async () => {
    for (const product of SNP_PRODUCTS) {
      const from = vendors[product];
      const bytes = await from.report({ ...GUEST, signedBy: "vlek" });
      const evidence = await verifyEvidence(bytes, await fullCollateral(from, "vlek"), snpOptions);
      assert.equal(evidence.signingKey, "vlek");
      assert.equal(evidence.vek.providerId, "CN=cloud.simulator.invalid");
      assert.equal(evidence.vek.hardwareId, undefined);
      assert.equal(evidence.vek.productName, product);
    }
  });

  it("may be of any version, where a product has it", async () => {
    for (const version of [2, 3, 4, 5]) {
      await verifyEvidence(await Genoa.report({ ...GUEST, version }), verifiedWithKey(), snpOptions);
    }
  });

  it("may report a TCB below the others", async () => {
    const reported = { ...Genoa.tcb, snp: 20, microcode: 80 };
    const made = await snpVendor("Genoa", { tcb: reported });
    const bytes = await made.report({ ...GUEST, currentTcb: Genoa.tcb, committedTcb: Genoa.tcb, launchTcb: Genoa.tcb });
    const evidence = await verifyEvidence(bytes, await fullCollateral(made), snpOptions);
    assert.equal(evidence.tcbs.reported.snp, 20);
    assert.equal(evidence.tcbs.launch.snp, Genoa.tcb.snp);
  });

  it("holds until the first of its certificates or its list ends", async () => {
    const evidence = await verifyEvidence(
      report,
      { ...collateral, crl: await Genoa.crl({ nextUpdate: daysLater(9) }) },
      snpOptions,
    );
    assert.equal(evidence.earliestExpiry.getTime(), daysLater(9).getTime());
    const unchecked = await verifyEvidence(report, { ...issuersOf(Genoa), vek: derOf(Genoa.vcek) }, snpOptions);
    assert.equal(unchecked.revocation, "unchecked");
    assert.equal(unchecked.earliestExpiry.getTime(), Genoa.vcek.certificate.notAfter.getTime());
  });

  it("says by how much its list was overdue", async () => {
    const crl = await Genoa.crl({ thisUpdate: daysLater(-9), nextUpdate: daysLater(-1) });
    const evidence = await verifyEvidence(report, { ...collateral, crl }, { ...snpOptions, graceHours: 24 });
    assert.equal(evidence.overdueMs, NOW.getTime() - daysLater(-1).getTime());
  });

  for (const [kind, copyOf] of Object.entries(COPIES)) {
    it(`cannot be changed by the caller while it is verified, given as ${kind}`, async () => {
      const bytes = copyOf(extended(report));
      const given = { ask: copyOf(derOf(Genoa.ask)), ark: copyOf(derOf(Genoa.ark)), vek: copyOf(derOf(Genoa.vcek)) };
      const verifying = verifyEvidence(bytes, given, snpOptions);
      for (const part of [bytes, given.ask, given.ark, given.vek]) {
        part.fill(0);
      }
      assert.deepEqual((await verifying).report, parseSnpReport(report).report);
    });
  }

  it("is read from its bytes, not from fields that somebody parsed before", async () => {
    const parsed = parseSnpReport(report);
    const tampered = { ...parsed, report: { ...parsed.report, measurement: new Uint8Array(48) } };
    const evidence = await verifyEvidence(tampered, collateral, snpOptions);
    assert.deepEqual(evidence.report.measurement, parsed.report.measurement);
  });
});

function verifiedWithKey() {
  return { ...issuersOf(Genoa), vek: derOf(Genoa.vcek) };
}

describe("certificates beside a report", () => {
  it("make it complete, but for the list of the root", async () => {
    for (const from of [Milan, Genoa, Turin]) {
      const bytes = extended(await from.report(GUEST), from);
      const evidence = await verifyEvidence(bytes, {}, snpOptions);
      assert.equal(evidence.revocation, "unchecked");
      assert.equal((await verifyEvidence(bytes, { crl: await from.crl() }, snpOptions)).revocation, "checked");
    }
    const loaded = await Genoa.report({ ...GUEST, signedBy: "vlek" });
    await verifyEvidence(concatBytes(loaded, Genoa.certificateTable({ signedBy: "vlek" })), {}, snpOptions);
  });

  it("survive the parsing of the evidence, and padding behind them", async () => {
    const padded = concatBytes(extended(report), new Uint8Array(4096));
    const parsed = parseSnpReport(padded);
    assert.deepEqual(parsed.raw, extended(report));
    assert.deepEqual(parsed.certificates.vcek, derOf(Genoa.vcek));
    await verifyEvidence(parsed, {}, snpOptions);
  });

  it("may be PEM, as some hosts have them", async () => {
    const pem = (role: "vcek" | "ask" | "ark") => ({
      guid: CERTIFICATE_GUIDS[role],
      data: encodeUtf8(encodePem("CERTIFICATE", derOf(Genoa[role]))),
    });
    const entries = [pem("vcek"), pem("ask"), pem("ark")];
    await verifyEvidence(concatBytes(report, Genoa.certificateTable({ entries })), {}, snpOptions);
  });

  it("cannot bring a root of their own", async () => {
    await refusesSnp(extended(report), {}, "root-untrusted", { now: NOW, root: vendorRoot });
    const stranger = await snpVendor("Genoa", { keys: await strangersKeys() });
    await refusesSnp(extended(await stranger.report(GUEST), stranger), {}, "root-untrusted");
    await refusesSnp(extended(await stranger.report(GUEST), stranger), issuersOf(Genoa), "snp-chain-invalid");
  });

  it("give way to those of the collateral", async () => {
    const other = await snpVendor("Genoa", { certificates: { vcek: { extensions: { "3.8": encodeInteger(9) } } } });
    const bytes = extended(report, other);
    await refusesSnp(bytes, {}, "snp-tcb-mismatch");
    await verifyEvidence(bytes, { vek: derOf(Genoa.vcek) }, snpOptions);
    await refusesSnp(extended(report), { vek: derOf(other.vcek) }, "snp-tcb-mismatch");
  });

  it("that are missing are told apart from those that are wrong", async () => {
    await refusesSnp(report, {}, "snp-chain-missing");
    await refusesSnp(report, issuersOf(Genoa), "snp-vek-missing");
    await refusesSnp(report, verified, "snp-vek-missing");
    const ask = { guid: CERTIFICATE_GUIDS.ask, data: derOf(Genoa.ask) };
    const ark = { guid: CERTIFICATE_GUIDS.ark, data: derOf(Genoa.ark) };
    const vlek = { guid: CERTIFICATE_GUIDS.vlek, data: derOf(Genoa.vcek) };
    await refusesSnp(concatBytes(report, Genoa.certificateTable({ entries: [ask, ark, vlek] })), {}, "snp-vek-missing");
    const garbage = { guid: CERTIFICATE_GUIDS.vcek, data: new Uint8Array(500).fill(0x30) };
    await refusesSnp(
      concatBytes(report, Genoa.certificateTable({ entries: [garbage] })),
      verified,
      "snp-chain-malformed",
    );
  });
});

/** Keys that no root here vouches for; those of RSA stay, since making them is slow. */
async function strangersKeys() {
  const { ark, ask, asvk } = Genoa;
  const keys = { ask: ask.key, asvk: asvk.key, vcek: await generateEcKey("P-384"), vlek: await generateEcKey("P-384") };
  return { ...keys, ark: ask.key, ask: ark.key };
}

describe("a forged SEV-SNP report", () => {
  it("is refused when another key signed it", async () => {
    await refusesReport({ signer: await generateEcKey("P-384") }, "snp-report-signature-invalid");
    await refusesReport({ signer: Genoa.vlek.key }, "snp-report-signature-invalid");
  });

  it("is refused with its signature in the order of the rest of the world, or zero", async () => {
    const bigEndian = (raw: Uint8Array): Uint8Array =>
      concatBytes(raw.subarray(0, 48), new Uint8Array(24), raw.subarray(48), new Uint8Array(24 + 368));
    await refusesReport({ encodeSignature: bigEndian }, "snp-report-signature-invalid");
    await refusesReport({ encodeSignature: () => new Uint8Array(512) }, "snp-report-signature-invalid");
    await refusesReport(
      { encodeSignature: () => concatBytes(new Uint8Array(48).fill(0xff), new Uint8Array(464)) },
      "snp-report-signature-invalid",
    );
  });

  it("is refused with any single byte changed", async () => {
    const right = await verifySnpCollateral(collateral, snpOptions);
    for (let offset = 0; offset < report.length; offset++) {
      const mutated = flipped(report, offset, 1 << (offset % 8));
      await assert.rejects(verifyEvidence(mutated, right, snpOptions), { name: "AttestationError" }, `byte ${offset}`);
    }
  });

  it("is refused with any single byte of the certificate of its key changed, or says the same", async () => {
    const vek = derOf(Genoa.vcek);
    for (let offset = 0; offset < vek.length; offset += 5) {
      const entry = { guid: CERTIFICATE_GUIDS.vcek, data: flipped(vek, offset, 1 << (offset % 8)) };
      const bytes = concatBytes(report, Genoa.certificateTable({ entries: [entry] }));
      await assert.rejects(verifyEvidence(bytes, verified, snpOptions), { name: "AttestationError" }, `byte ${offset}`);
    }
  });
});

describe("the key that a report names", () => {
  it("is the kind of key whose certificate is given", async () => {
    await refusesReport({ signingKey: 1 }, "snp-signing-key-mismatch");
    await refusesReport({ signedBy: "vlek", signingKey: 0 }, "snp-signing-key-mismatch");
    await refusesSnp(await Genoa.report({ ...GUEST, signedBy: "vlek" }), collateral, "snp-signing-key-mismatch");
    await refusesSnp(report, await fullCollateral(Genoa, "vlek"), "snp-signing-key-mismatch");
  });

  it("is of that kind alone by its certificate: a VCEK has no provider, and a VLEK no chip but a provider", async () => {
    await refusesKey({ "5": encodeIa5String("CN=cloud") }, "snp-signing-key-mismatch");
    await refusesKey({ "5": encodeIa5String("") }, "snp-signing-key-mismatch");
    await refusesKey({ "4": Genoa.hardwareId }, "snp-signing-key-mismatch", Genoa, "vlek");
    await refusesKey({ "4": new Uint8Array(64) }, "snp-signing-key-mismatch", Genoa, "vlek");
    await refusesKey({ "4": new Uint8Array(0) }, "snp-signing-key-mismatch", Genoa, "vlek");
    await refusesKey({ "5": "absent" }, "snp-signing-key-mismatch", Genoa, "vlek");
  });

  it("is a key at all", async () => {
    for (const signingKey of [2, 3, 4, 5, 6, 7]) {
      await refusesReport({ signingKey }, "snp-signing-key-unsupported");
      await refusesSnp(await Genoa.report({ ...GUEST, signingKey }), {}, "snp-signing-key-unsupported");
    }
  });

  it("is of the product that processor and root are of", async () => {
    await refusesReport({ cpuId: { family: 0x19, model: 1 } }, "snp-product-mismatch");
    await refusesReport({ cpuId: { family: 0x1a, model: 2 } }, "snp-product-mismatch");
    for (const name of ["Milan", "Milan-B0", "Turin", "Genoa-", "Genoa-B0x", "GenoaB0", "xGenoa", "genoa", ""]) {
      await refusesKey({ "2": encodeIa5String(name) }, "snp-product-mismatch");
    }
    await refusesKey({ "2": "absent" }, "snp-product-mismatch");
    const stepped = await snpVendor("Genoa", {
      certificates: { vcek: { extensions: { "2": encodeIa5String("Genoa-B1") } } },
    });
    const evidence = await verifyEvidence(await stepped.report(GUEST), await fullCollateral(stepped), snpOptions);
    assert.equal(evidence.vek.productName, "Genoa-B1");
  });

  it("has extensions that can be read", async () => {
    await refusesKey({ "3.8": encodeInteger(256) }, "snp-vek-extension-malformed");
    await refusesKey({ "3.10": encodeInteger(0) }, "snp-vek-extension-malformed");
    await refusesKey({ "2": encodeIa5String("Genoa-B0\n") }, "snp-vek-extension-malformed");
  });
});

describe("the TCB of the endorsement key", () => {
  it("is the reported one in each component, of each product", async () => {
    for (const product of SNP_PRODUCTS) {
      const from = vendors[product];
      for (const [name, level] of Object.entries(from.tcb)) {
        if (name !== "fmc" || product === "Turin") {
          const reportedTcb = { ...from.tcb, [name]: level ^ 1 };
          await refusesReport({ reportedTcb }, "snp-tcb-mismatch", from);
          await refusesReport({ signedBy: "vlek", reportedTcb }, "snp-tcb-mismatch", from);
        }
      }
    }
  });

  it("is not the current one", async () => {
    const { microcode } = Genoa.tcb;
    await refusesReport({ reportedTcb: { microcode: microcode + 1 }, currentTcb: { microcode } }, "snp-tcb-mismatch");
  });

  it("is stated whole: what a certificate leaves out does not match", async () => {
    for (const suffix of ["3.1", "3.2", "3.3", "3.8"]) {
      await refusesKey({ [suffix]: "absent" }, "snp-tcb-mismatch");
      await refusesKey({ [suffix]: "absent" }, "snp-tcb-mismatch", Turin);
    }
    await refusesKey({ "3.9": "absent" }, "snp-tcb-mismatch", Turin);
    await refusesKey({ "3.8": "absent" }, "snp-tcb-mismatch", Genoa, "vlek");
  });

  it("has no level for components that the product does not have", async () => {
    for (const suffix of ["3.4", "3.5", "3.6", "3.7", "3.9"]) {
      await refusesKey({ [suffix]: encodeInteger(1) }, "snp-tcb-mismatch");
    }
    await refusesKey({ "3.4": encodeInteger(1) }, "snp-tcb-mismatch", Turin);
    const without = await snpVendor("Genoa", {
      certificates: { vcek: { extensions: { "3.4": "absent", "3.7": "absent" } } },
    });
    await verifyEvidence(await without.report(GUEST), await fullCollateral(without), snpOptions);
  });

  it("has no part in reserved bytes of any TCB version", async () => {
    for (const offset of [0x180 + 3, 0x38 + 2, 0x1e0 + 4, 0x1f0 + 5]) {
      await refusesReport({ rewrite: (bytes) => patched(bytes, offset, [1]) }, "snp-report-malformed");
    }
    const old = { version: 2, rewrite: (bytes: Uint8Array) => patched(bytes, 0x185, [1]) };
    await refusesReport(old, "snp-report-malformed", Milan);
  });

  it("is read by the layout of the product also where the report does not name it", async () => {
    const evidence = await verifyEvidence(
      await Turin.report({ ...GUEST, version: 2 }),
      await fullCollateral(Turin),
      snpOptions,
    );
    assert.deepEqual(evidence.tcbs.reported, Turin.tcb);
  });
});

describe("the chip", () => {
  it("is the one of the endorsement key, in each byte", async () => {
    const chipId = encodeHex(Genoa.hardwareId);
    for (const index of [0, 7, 8, 63]) {
      const other = Uint8Array.from(Genoa.hardwareId);
      other[index] = (other[index] ?? 0) ^ 1;
      await refusesReport({ chipId: encodeHex(other) }, "snp-chip-id-mismatch");
    }
    await refusesReport({ chipId: "00".repeat(64) }, "snp-chip-id-masked");
    await refusesReport({ signedBy: "vlek", chipId }, "snp-chip-id-mismatch");
  });

  it("of Turin has eight bytes and zeros", async () => {
    const chip = encodeHex(Turin.hardwareId);
    await refusesReport({ chipId: `${chip}${"00".repeat(55)}01` }, "snp-chip-id-mismatch", Turin);
    await refusesReport({ chipId: `${chip.slice(2)}00${"00".repeat(56)}` }, "snp-chip-id-mismatch", Turin);
    await refusesKey({ "4": concatBytes(Turin.hardwareId, new Uint8Array(56)) }, "snp-chip-id-mismatch", Turin);
    await refusesKey({ "4": Genoa.hardwareId.subarray(0, 8) }, "snp-chip-id-mismatch");
  });

  it("is named by the certificate", async () => {
    await refusesKey({ "4": "absent" }, "snp-chip-id-mismatch");
    await refusesKey({ "4": new Uint8Array(0) }, "snp-chip-id-mismatch");
    await refusesKey({ "4": concatBytes(Uint8Array.of(0x04, 64), Genoa.hardwareId) }, "snp-chip-id-mismatch");
  });

  it("may have an id that looks like DER", async () => {
    const hardwareId = concatBytes(Uint8Array.of(0x04, 0x3e), new Uint8Array(62).fill(5));
    const made = await snpVendor("Genoa", { hardwareId });
    await verifyEvidence(await made.report(GUEST), await fullCollateral(made), snpOptions);
  });
});

describe("SEV-SNP collateral that was verified before", () => {
  it("serves many reports, and remembers the keys it has proven", async () => {
    const once = await verifySnpCollateral(issuersOf(Genoa), snpOptions);
    const first = await verifyEvidence(extended(report), once, snpOptions);
    const second = await verifyEvidence(extended(await Genoa.report({ ...GUEST, guestSvn: 4 })), once, snpOptions);
    assert.deepEqual(second.vek, first.vek);
    assert.equal(second.report.guestSvn, 4);
    const other = await snpVendor("Genoa");
    const third = await verifyEvidence(extended(await other.report(GUEST), other), once, snpOptions);
    assert.notEqual(third.vek.hardwareId, first.vek.hardwareId);
  });

  it("is refused once the time has left its window", async () => {
    const once = await verifySnpCollateral(collateral, snpOptions);
    await refusesSnp(report, once, "crl-expired", { root: snpRoot, now: daysLater(367) });
    await refusesSnp(report, once, "snp-chain-not-yet-valid", { root: snpRoot, now: daysLater(-2) });
    await refusesSnp(report, once, "clock-invalid", { root: snpRoot, now: new Date("") });
  });

  it("does not carry a remembered key beyond the end of its certificate", async () => {
    const short = await snpVendor("Genoa", { certificates: { vcek: { notAfter: daysLater(2) } } });
    const once = await verifySnpCollateral(issuersOf(short), snpOptions);
    const bytes = extended(await short.report(GUEST), short);
    assert.equal((await verifyEvidence(bytes, once, snpOptions)).earliestExpiry.getTime(), daysLater(2).getTime());
    await refusesSnp(bytes, once, "snp-chain-expired", { root: snpRoot, now: daysLater(3) });
  });

  it("is refused under another root than the one it was verified with", async () => {
    await refusesSnp(report, verified, "root-untrusted", { now: NOW, root: vendorRoot });
    const other = { ...snpRoot, amd: { ...snpRoot.amd, Genoa: vendorRoot.amd.Genoa } };
    await refusesSnp(report, verified, "root-untrusted", { now: NOW, root: other });
  });

  it("is of one product and one kind of key", async () => {
    await refusesSnp(extended(await Milan.report(GUEST), Milan), verified, "snp-chain-invalid");
    // The vendors here share their keys, so nothing but the product tells them apart.
    await refusesSnp(
      await Milan.report(GUEST),
      await verifySnpCollateral(collateral, snpOptions),
      "snp-product-mismatch",
    );
  });

  it("cannot be imitated: what looks like it proves nothing", async () => {
    const imitation = Object.create(Object.getPrototypeOf(verified)) as typeof verified;
    await refusesSnp(report, imitation, "snp-chain-missing");
    assert.throws(() => Reflect.construct(verified.constructor, [Symbol("any"), {}]), TypeError);
  });
});

describe("collateral of the other vendor", () => {
  it("is refused, verified before or not", async () => {
    const intel = await vendor.collateral();
    const quote = await vendor.quote(ENCLAVE);
    const refusal = { name: "AttestationError", code: "collateral-tee-mismatch" };
    await assert.rejects(verifyEvidence(report, intel, snpOptions), refusal);
    await assert.rejects(verifyEvidence(report, await verifyCollateral(intel, options), snpOptions), refusal);
    await assert.rejects(verifyEvidence(quote, collateral, options), refusal);
    await assert.rejects(verifyEvidence(quote, verified, options), refusal);
    await assert.rejects(verifyEvidence(quote, {}, options), refusal);
  });
});
