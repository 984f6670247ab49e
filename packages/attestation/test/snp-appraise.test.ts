import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex } from "@sealserve/core";
import { SNP_POLICY, type SnpReportOptions, type SnpVendor } from "@sealserve/simulator";
import { appraise } from "../src/policy/appraise.ts";
import type { ClaimCode } from "../src/policy/claim.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { defaultPolicy, type PolicyMembers } from "../src/policy/policy.ts";
import type { SnpImage, SnpPolicy } from "../src/policy/snp-policy.ts";
import { verifySnpCollateral } from "../src/verify/snp/verify-snp-collateral.ts";
import type { VerifiedSnpEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { accepts, judge, refuses } from "./judging.ts";
import { daysLater, ENCLAVE, flipped, MR_ENCLAVE, options, REPORT_DATA, vendor } from "./simulated.ts";
import { fullCollateral, GUEST, HOST_DATA, issuersOf, MEASUREMENT, snpOptions, vendors } from "./snp-simulated.ts";

const { Milan, Genoa, Turin } = vendors;
const image: SnpImage = { measurement: MEASUREMENT, hostData: HOST_DATA };
const images = [image];

const collaterals = new Map(
  await Promise.all(
    Object.values(vendors).flatMap((from) =>
      (["vcek", "vlek"] as const).map(
        async (kind) =>
          [`${from.product} ${kind}`, await verifySnpCollateral(await fullCollateral(from, kind), snpOptions)] as const,
      ),
    ),
  ),
);

async function evidenceOf(
  fields: Partial<SnpReportOptions> = {},
  from: SnpVendor = Genoa,
): Promise<VerifiedSnpEvidence> {
  const collateral = collaterals.get(`${from.product} ${fields.signedBy ?? "vcek"}`);
  assert.ok(collateral !== undefined);
  return verifyEvidence(await from.report({ ...GUEST, currentTcb: {}, ...fields }), collateral, snpOptions);
}

function snp(policy: SnpPolicy): PolicyMembers {
  return { snp: policy };
}

/** One for each TCB version that is below the minimum. */
function tooLow(count: number): ClaimCode[] {
  return Array.from({ length: count }, () => "snp-tcb-too-low");
}

const evidence = await evidenceOf();
const loaded = await evidenceOf({ signedBy: "vlek" });

describe("the appraisal of a SEV-SNP report", () => {
  it("accepts pinned, current, bound evidence and says that it was simulated", () => {
    const appraisal = judge(evidence, parsePolicy({ snp: { images } }));
    assert.equal(appraisal.accepted, true);
    assert.equal(appraisal.simulated, true);
    assert.deepEqual(
      appraisal.claims.map(({ claim }) => claim),
      [
        "tee",
        "debug",
        "migration-agent",
        "vmpl",
        "product",
        "masked-chip-key",
        "revocation",
        "firmware-committed",
        "measurement",
        "host-data",
        "report-data",
      ],
    );
    accepts(evidence, defaultPolicy);
    accepts(loaded, defaultPolicy);
  });

  it("demands the report data of this exchange", () => {
    const other = appraise(evidence, defaultPolicy, { reportData: flipped(REPORT_DATA, 63) });
    assert.deepEqual(
      other.reasons.map(({ code }) => code),
      ["report-data-mismatch"],
    );
  });

  it("refuses it where the policy pins another kind of TEE, and the other way round", async () => {
    refuses(evidence, { sgx: { mrEnclave: [MR_ENCLAVE] } }, "tee-not-accepted");
    const enclave = await verifyEvidence(await vendor.quote(ENCLAVE), await vendor.collateral(), options);
    const { reasons } = appraise(enclave, parsePolicy({ snp: { images } }), { reportData: REPORT_DATA });
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["tee-not-accepted"],
    );
  });

  it("takes no notice of what is for Intel alone", () => {
    accepts(evidence, {
      tcb: { statuses: ["OutOfDate"], minimumTcbDate: "2099-01-01T00:00:00Z", minimumEvaluationDataNumber: 99 },
    });
  });
});

describe("a guest", () => {
  it("must not be open to its host", async () => {
    const debug = await evidenceOf({ policy: SNP_POLICY | (1n << 19n) });
    refuses(debug, defaultPolicy, "debug-guest");
    accepts(debug, { debug: "allow-insecure" });
  });

  it("must not be movable, unless that is allowed", async () => {
    const movable = await evidenceOf({ policy: SNP_POLICY | (1n << 18n) });
    refuses(movable, defaultPolicy, "guest-migratable");
    refuses(movable, snp({ migration: "refuse" }), "guest-migratable");
    accepts(movable, snp({ migration: "allow" }));
  });

  it("must have asked at an accepted privilege level, and itself", async () => {
    for (const vmpl of [1, 2, 3]) {
      const judged = await evidenceOf({ vmpl });
      refuses(judged, defaultPolicy, "vmpl-not-accepted");
      accepts(judged, snp({ vmpl: [0, vmpl] }));
      refuses(judged, snp({ vmpl: [] }), "vmpl-not-accepted");
    }
    refuses(evidence, snp({ vmpl: [2] }), "vmpl-not-accepted");
    const host = await evidenceOf({ vmpl: 0xffff_ffff });
    refuses(host, defaultPolicy, "vmpl-not-accepted");
    refuses(host, snp({ vmpl: [0, 1, 2, 3, 0xffff_ffff] }), "vmpl-not-accepted");
  });

  it("must demand the least interface of the firmware", async () => {
    const judged = await evidenceOf({ policy: SNP_POLICY | 0x0133n });
    for (const minimumAbi of ["1.51", "1.50", "0.200", "0.0"]) {
      accepts(judged, snp({ minimumAbi }));
    }
    for (const minimumAbi of ["1.52", "2.0"]) {
      refuses(judged, snp({ minimumAbi }), "abi-too-low");
    }
    refuses(evidence, snp({ minimumAbi: "0.1" }), "abi-too-low");
  });

  it("must be one of the accepted ones, in all its values together", async () => {
    const others = [
      { ...image, measurement: "a2".repeat(48) },
      { ...image, hostData: "b3".repeat(32) },
    ];
    const [first, second] = others;
    assert.ok(first !== undefined && second !== undefined);
    accepts(evidence, snp({ images: [...others, image] }));
    refuses(evidence, snp({ images: [first] }), "measurement-not-accepted");
    refuses(evidence, snp({ images: [second] }), "host-data-not-accepted");
    refuses(evidence, snp({ images: others }), "measurement-not-accepted");
    refuses(evidence, snp({ images: [] }), "measurement-not-accepted");
    const upper = { measurement: MEASUREMENT.toUpperCase(), hostData: HOST_DATA.toUpperCase() };
    accepts(evidence, snp({ images: [upper] }));
  });

  it("may have any host data where the owner says why", async () => {
    const judged = await evidenceOf({ hostData: "77".repeat(32) });
    refuses(judged, snp({ images }), "host-data-not-accepted");
    const waived = [{ ...image, hostData: { waived: "configuration is in the image" } }];
    accepts(judged, snp({ images: waived }));
    const claim = judge(judged, snp({ images: waived })).claims.find((one) => one.claim === "host-data");
    assert.equal(claim?.expected, "anything (waived: configuration is in the image)");
  });

  it("must have the identity block that is pinned", async () => {
    const block = {
      idKeyDigest: "c3".repeat(48),
      authorKeyDigest: "c4".repeat(48),
      familyId: "c5".repeat(16),
      imageId: "c6".repeat(16),
    };
    const judged = await evidenceOf({ ...block, guestSvn: 5 });
    accepts(judged, snp({ images: [{ ...image, ...block, minimumGuestSvn: 5 }] }));
    const codes = {
      idKeyDigest: "id-key-not-accepted",
      authorKeyDigest: "author-key-not-accepted",
      familyId: "family-id-not-accepted",
      imageId: "image-id-not-accepted",
    } as const;
    for (const [name, code] of Object.entries(codes)) {
      const others = { ...image, idKeyDigest: "00".repeat(48) };
      refuses(evidence, snp({ images: [{ ...others, [name]: block[name as keyof typeof codes] }] }), code);
    }
    const { idKeyDigest } = block;
    refuses(judged, snp({ images: [{ ...image, idKeyDigest, minimumGuestSvn: 6 }] }), "guest-svn-too-low");
    refuses(judged, snp({ images: [{ ...image, idKeyDigest: "00".repeat(48) }] }), "id-key-not-accepted");
    accepts(evidence, snp({ images: [{ ...image, idKeyDigest: "00".repeat(48) }] }));
  });
});

describe("the TCB of a SEV-SNP platform", () => {
  const { fmc: _, ...minimum } = Genoa.tcb;

  it("must reach the minimum of its product in each component", async () => {
    accepts(evidence, snp({ minimumTcb: { Genoa: minimum } }));
    for (const name of Object.keys(minimum)) {
      const component = name as keyof typeof minimum;
      const higher = { Genoa: { ...minimum, [component]: minimum[component] + 1 } };
      refuses(evidence, snp({ minimumTcb: higher }), ...tooLow(4));
    }
  });

  it("is never compared as one number", async () => {
    const lower = { ...minimum, bootLoader: minimum.bootLoader - 1 };
    const judged = await evidenceOf({ launchTcb: { ...lower, snp: 255, microcode: 255 } });
    refuses(judged, snp({ minimumTcb: { Genoa: minimum } }), "snp-tcb-too-low");
  });

  it("must reach it at the launch, committed and now as well as reported", async () => {
    const old = { ...minimum, snp: minimum.snp - 1 };
    const policy = snp({ minimumTcb: { Genoa: minimum }, provisionalFirmware: "allow" });
    for (const which of ["launchTcb", "committedTcb", "currentTcb"] as const) {
      const judged = await evidenceOf({ [which]: old });
      const { reasons } = judge(judged, policy);
      assert.deepEqual(
        reasons.map(({ code }) => code),
        ["snp-tcb-too-low"],
      );
      const claim = judge(judged, policy).claims.find(({ pass }) => !pass);
      assert.equal(claim?.claim, `${which.replace("Tcb", "")}-tcb`);
    }
  });

  it("of a product without a minimum, or in a component without one, is refused", async () => {
    const judged = await evidenceOf({}, Milan);
    refuses(judged, snp({ minimumTcb: { Genoa: minimum } }), ...tooLow(4));
    const { snp: __, ...partial } = minimum;
    refuses(evidence, snp({ minimumTcb: { Genoa: partial } }), ...tooLow(4));
    refuses(evidence, snp({ minimumTcb: {} }), ...tooLow(4));
  });

  it("of Turin has the FMC too", async () => {
    const judged = await evidenceOf({}, Turin);
    accepts(judged, snp({ minimumTcb: { Turin: Turin.tcb } }));
    refuses(judged, snp({ minimumTcb: { Turin: { ...Turin.tcb, fmc: Turin.tcb.fmc + 1 } } }), ...tooLow(4));
    const { fmc: __, ...early } = Turin.tcb;
    refuses(judged, snp({ minimumTcb: { Turin: early } }), ...tooLow(4));
  });
});

describe("the firmware of a SEV-SNP platform", () => {
  const committedFirmware = { major: 1, minor: 55, build: 21 };

  it("must not be provisional, unless the policy allows that", async () => {
    const build = await evidenceOf({ currentFirmware: { build: 40 } });
    const microcode = await evidenceOf({ currentTcb: { microcode: 255 } });
    for (const provisional of [build, microcode]) {
      refuses(provisional, {}, "firmware-provisional");
      refuses(provisional, snp({ provisionalFirmware: "refuse" }), "firmware-provisional");
      accepts(provisional, snp({ provisionalFirmware: "allow" }));
      accepts(provisional, defaultPolicy);
    }
    accepts(evidence, {});
  });

  it("must be committed at the minimum or later", async () => {
    const judged = await evidenceOf({ committedFirmware, currentFirmware: { major: 2, minor: 0, build: 0 } });
    for (const minimumFirmware of ["1.55.21", "1.55.20", "1.54.99", "0.99.99"]) {
      accepts(judged, snp({ minimumFirmware, provisionalFirmware: "allow" }));
    }
    for (const minimumFirmware of ["1.55.22", "1.56.0", "2.0.0"]) {
      refuses(judged, snp({ minimumFirmware, provisionalFirmware: "allow" }), "firmware-too-old");
    }
  });

  it("must have the mitigations that are demanded, at the launch and now", async () => {
    const judged = await evidenceOf({ launchMitigations: 0x5n, currentMitigations: 0x8000_0000_0000_0007n }, Turin);
    accepts(judged, snp({ requiredMitigations: "0x5" }));
    accepts(judged, snp({ requiredMitigations: "0x0000000000000001" }));
    refuses(judged, snp({ requiredMitigations: "0x2" }), "mitigation-missing");
    refuses(judged, snp({ requiredMitigations: "0x8" }), "mitigation-missing", "mitigation-missing");
    refuses(judged, snp({ requiredMitigations: "0x8000000000000000" }), "mitigation-missing");
    refuses(evidence, snp({ requiredMitigations: "0x1" }), "mitigation-missing", "mitigation-missing");
  });
});

describe("a SEV-SNP platform", () => {
  it("must be of an accepted generation", async () => {
    accepts(evidence, snp({ products: ["Milan", "Genoa"] }));
    refuses(evidence, snp({ products: ["Milan", "Turin"] }), "product-not-accepted");
    refuses(await evidenceOf({}, Milan), snp({ products: ["Genoa", "Turin"] }), "product-not-accepted");
    refuses(evidence, snp({ products: [] }), "product-not-accepted");
  });

  it("must have what the policy demands", async () => {
    const bits = { tsme: 1n, ecc: 2n, raplDisabled: 3n, ciphertextHiding: 4n, aliasCheckComplete: 5n } as const;
    const bare = await evidenceOf({ platformInfo: 0n });
    for (const [name, bit] of Object.entries(bits)) {
      const policy = snp({ requiredPlatformInfo: [name as keyof typeof bits] });
      refuses(bare, policy, "platform-info-missing");
      accepts(await evidenceOf({ platformInfo: 1n << bit }), policy);
    }
    const all = Object.keys(bits) as (keyof typeof bits)[];
    const missing: ClaimCode[] = all.map(() => "platform-info-missing");
    refuses(bare, snp({ requiredPlatformInfo: all }), ...missing);
  });

  it("must not share cores where that is refused", async () => {
    const shared = await evidenceOf({ platformInfo: 0x21n });
    refuses(shared, { smt: "refuse" }, "smt-enabled");
    accepts(shared, { smt: "allow" });
    accepts(await evidenceOf({ platformInfo: 0x20n }), { smt: "refuse" });
  });

  it("must mean to sign with the key of its chip, unless the policy does not mind", async () => {
    const masked = await evidenceOf({ maskChipKey: true });
    refuses(masked, defaultPolicy, "chip-key-masked");
    accepts(masked, snp({ maskedChipKey: "allow" }));
  });
});

describe("the endorsement of a report", () => {
  it("by the key of a cloud provider is accepted of the listed ones", async () => {
    accepts(loaded, snp({ vlekProviders: ["CN=other", "CN=cloud.simulator.invalid"] }));
    for (const name of [
      "CN=other",
      "cn=cloud.simulator.invalid",
      "CN=cloud.simulator",
      "CN=cloud.simulator.invalid ",
      "",
    ]) {
      refuses(loaded, snp({ vlekProviders: [name] }), "vlek-provider-not-accepted");
    }
    refuses(loaded, snp({ vlekProviders: [] }), "vlek-provider-not-accepted");
    refuses(loaded, {}, "vlek-provider-not-accepted");
    accepts(loaded, snp({ vlekProviders: "any" }));
    accepts(loaded, defaultPolicy);
    accepts(evidence, snp({ vlekProviders: ["CN=other"] }));
  });

  it("must be looked up on the list of the root, except for looking only", async () => {
    const bytes = await Genoa.report({ ...GUEST, currentTcb: {} });
    const collateral = { ...issuersOf(Genoa), vek: Genoa.vcek.certificate.raw };
    const unchecked = await verifyEvidence(bytes, collateral, snpOptions);
    refuses(unchecked, parsePolicy({ snp: { images } }), "revocation-unchecked");
    refuses(unchecked, {}, "revocation-unchecked");
    refuses(unchecked, snp({ revocation: "require" }), "revocation-unchecked");
    accepts(unchecked, parsePolicy({ snp: { images, revocation: "allow-unchecked" } }));
    accepts(unchecked, defaultPolicy);
  });

  it("may be overdue only by what the policy allows", async () => {
    const crl = await Genoa.crl({ thisUpdate: daysLater(-9), nextUpdate: daysLater(-1) });
    const collateral = { ...(await fullCollateral(Genoa)), crl };
    const overdue = await verifyEvidence(await Genoa.report({ ...GUEST, currentTcb: {} }), collateral, {
      ...snpOptions,
      graceHours: 100,
    });
    refuses(overdue, defaultPolicy, "collateral-overdue");
    accepts(overdue, { tcb: { maximumOverdueHours: 24 } });
    refuses(overdue, { tcb: { maximumOverdueHours: 23 } }, "collateral-overdue");
  });
});

describe("the machine of a SEV-SNP report", () => {
  const own = encodeHex(Genoa.hardwareId);
  const other = "ab".repeat(64);

  it("is known by its chip id", async () => {
    accepts(evidence, { machines: { chipId: [other, own] } });
    refuses(evidence, { machines: { chipId: [other] } }, "machine-not-listed");
    refuses(evidence, { machines: { ppid: [own.slice(0, 32)] } }, "machine-not-listed");
    refuses(evidence, { deniedMachines: { chipId: [other, own] } }, "machine-denied");
    accepts(evidence, { deniedMachines: { chipId: [other] } });
    const turin = await evidenceOf({}, Turin);
    accepts(turin, { machines: { chipId: [`${encodeHex(Turin.hardwareId)}${"00".repeat(56)}`] } });
  });

  it("is unknown with the key of a provider, so it is neither listed nor clear of denied chips", () => {
    const anyProvider = snp({ vlekProviders: "any" });
    refuses(loaded, { ...anyProvider, machines: { chipId: [own, "00".repeat(64)] } }, "machine-not-listed");
    refuses(loaded, { ...anyProvider, deniedMachines: { chipId: [other] } }, "machine-denied");
    accepts(loaded, { ...anyProvider, deniedMachines: { ppid: [own.slice(0, 32)] } });
  });
});
