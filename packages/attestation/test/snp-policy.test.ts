import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { defaultPolicy, pinnedTees } from "../src/policy/policy.ts";
import { refusesPolicy } from "./judging.ts";
import { refusal } from "./simulated.ts";
import { HOST_DATA, MEASUREMENT } from "./snp-simulated.ts";

const image = { measurement: MEASUREMENT, hostData: HOST_DATA };
const images = [image];
const early = { bootLoader: 4, tee: 0, snp: 24, microcode: 219 };
const turin = { fmc: 1, bootLoader: 2, tee: 1, snp: 4, microcode: 79 };

function refuses(snp: unknown, member: string, code?: "policy-unpinned"): void {
  refusesPolicy({ snp }, member, code);
}

describe("a policy for SEV-SNP", () => {
  it("pins guests by measurement and host data", () => {
    assert.deepEqual(parsePolicy({ snp: { images } }), { snp: { images } });
    const waived = { measurement: MEASUREMENT, hostData: { waived: "the guest has no configuration" } };
    assert.deepEqual(parsePolicy({ snp: { images: [waived] } }), { snp: { images: [waived] } });
    assert.deepEqual(pinnedTees(parsePolicy({ snp: { images } })), ["snp"]);
  });

  it("keeps all its members, with hex in lower case, and reads again what it has read", () => {
    const whole = {
      ...image,
      idKeyDigest: "c3".repeat(48),
      authorKeyDigest: "00".repeat(48),
      familyId: "d4".repeat(16),
      imageId: { waived: "counts builds" },
      minimumGuestSvn: 0xffff_ffff,
    };
    const snp = {
      images: [whole],
      products: ["Milan", "Turin"],
      minimumTcb: { Milan: early, Genoa: early, Turin: turin },
      vmpl: [0, 3],
      migration: "allow",
      provisionalFirmware: "refuse",
      minimumFirmware: "1.55.21",
      minimumAbi: "1.51",
      requiredMitigations: "0x80000000000000FF",
      requiredPlatformInfo: ["aliasCheckComplete", "ecc", "tsme", "ciphertextHiding", "raplDisabled"],
      vlekProviders: ["CN=cc-us-east-2.amazonaws.com"],
      maskedChipKey: "allow",
      revocation: "allow-unchecked",
    };
    const upper = { ...snp, images: [{ ...whole, measurement: MEASUREMENT.toUpperCase() }] };
    const policy = parsePolicy({ snp: upper });
    assert.deepEqual(policy, { snp });
    assert.deepEqual(parsePolicy(policy), policy);
  });

  it("without images is refused, and so is one that names no TEE at all", () => {
    refuses({}, "no software is pinned", "policy-unpinned");
    refuses({ revocation: "require" }, "no software is pinned", "policy-unpinned");
    assert.throws(() => parsePolicy({}), refusal("policy-unpinned"));
    assert.throws(() => parsePolicy({ sgx: { mrEnclave: ["a1".repeat(32)] }, snp: {} }), refusal("policy-unpinned"));
    assert.deepEqual(parsePolicy({ snp: {} }, { requireIdentity: false }), { snp: {} });
  });

  it("with an image that leaves something open without a reason is refused", () => {
    refuses({ images: [{ measurement: MEASUREMENT }] }, "snp.images[0]", "policy-unpinned");
    refuses({ images: [image, { hostData: HOST_DATA }] }, "snp.images[1]", "policy-unpinned");
    refuses({ images: [{}] }, "snp.images[0]", "policy-unpinned");
    refuses({ images: [{ ...image, hostData: { waived: " " } }] }, "snp.images[0].hostData.waived");
    refuses({ images: [{ ...image, measurement: { waived: "no" } }] }, "snp.images[0].measurement");
  });

  it("with a value of the wrong length, a placeholder or an unknown member is refused by its place", () => {
    refuses({ images: [] }, "snp.images");
    refuses({ images: [{ ...image, measurement: "00".repeat(48) }] }, "snp.images[0].measurement is a placeholder");
    refuses({ images: [{ ...image, measurement: HOST_DATA }] }, "snp.images[0].measurement");
    refuses({ images: [{ ...image, hostData: MEASUREMENT }] }, "snp.images[0].hostData");
    refuses({ images: [{ ...image, idKeyDigest: HOST_DATA }] }, "snp.images[0].idKeyDigest");
    refuses({ images: [{ ...image, familyId: "00" }] }, "snp.images[0].familyId");
    refuses({ images: [{ ...image, minimumGuestSvn: -1 }] }, "snp.images[0].minimumGuestSvn");
    refuses({ images: [{ ...image, hostdata: HOST_DATA }] }, "snp.images[0].hostdata");
    refuses({ images, minimumTCB: {} }, "snp.minimumTCB");
  });

  it("states of an identity block nothing that the host could have made up", () => {
    const open = { waived: "any builder" };
    const zero = "00".repeat(48);
    for (const [name, value] of Object.entries({
      familyId: "d4".repeat(16),
      imageId: "d5".repeat(16),
      minimumGuestSvn: 1,
    })) {
      const stated = { ...image, [name]: value };
      for (const keys of [{}, { idKeyDigest: open }, { idKeyDigest: open, authorKeyDigest: zero }]) {
        refuses({ images: [image, { ...stated, ...keys }] }, `snp.images[1].${name} is the host's word`);
      }
      for (const keys of [
        { idKeyDigest: "c3".repeat(48) },
        { authorKeyDigest: "c3".repeat(48) },
        { idKeyDigest: zero },
      ]) {
        parsePolicy({ snp: { images: [{ ...stated, ...keys }] } });
      }
    }
    parsePolicy({ snp: { images: [{ ...image, familyId: open, imageId: open }] } });
  });

  it("knows the products there are", () => {
    for (const products of [[], ["Rome"], ["milan"], "Milan", ["Milan", "Genoa", "Turin", "Milan"]]) {
      refuses({ images, products }, "snp.products");
    }
  });

  it("states the minimum of every component that a product has, and of no other", () => {
    refuses({ images, minimumTcb: {} }, "snp.minimumTcb");
    refuses({ images, minimumTcb: { Siena: early } }, "snp.minimumTcb.Siena");
    refuses({ images, minimumTcb: { Milan: turin } }, "snp.minimumTcb.Milan.fmc");
    for (const name of Object.keys(turin)) {
      const { [name as keyof typeof turin]: _, ...others } = turin;
      refuses({ images, minimumTcb: { Turin: others } }, `snp.minimumTcb.Turin.${name}`);
    }
    for (const level of [-1, 256, 1.5, "4", null]) {
      refuses({ images, minimumTcb: { Genoa: { ...early, snp: level } } }, "snp.minimumTcb.Genoa.snp");
    }
  });

  it("cannot accept reports that the host asked for", () => {
    for (const vmpl of [[], [4], [0xffff_ffff], [-1], 0, ["0"]]) {
      refuses({ images, vmpl }, "snp.vmpl");
    }
  });

  it("names versions whole", () => {
    for (const version of [
      "1.55",
      "1.55.21.0",
      "1.55.",
      "1.55.256",
      "01.55.21",
      "1.55.2x",
      "v1.55.21",
      "1.55.21\n",
      1.55,
      "",
    ]) {
      refuses({ images, minimumFirmware: version }, "snp.minimumFirmware");
    }
    for (const version of ["1", "1.51.0", "1.256", "1.051", 1.51, null]) {
      refuses({ images, minimumAbi: version }, "snp.minimumAbi");
    }
  });

  it("names mitigations as a mask that is not empty", () => {
    for (const mask of ["0x0", "0x", "1", "0x00000000", "0x12345678901234567", "0xg", "-0x1", 1, ["0x1"]]) {
      refuses({ images, requiredMitigations: mask }, "snp.requiredMitigations");
    }
  });

  it("allows what is dangerous only in plain words", () => {
    for (const [member, value] of [
      ["migration", true],
      ["provisionalFirmware", "yes"],
      ["maskedChipKey", "ALLOW"],
      ["revocation", "allow"],
      ["revocation", false],
      ["vlekProviders", []],
      ["vlekProviders", [" "]],
      ["vlekProviders", ["x".repeat(201)]],
      ["requiredPlatformInfo", []],
      ["requiredPlatformInfo", ["smt"]],
    ] as const) {
      refuses({ images, [member]: value }, `snp.${member}`);
    }
  });
});

describe("the default policy", () => {
  it("tolerates reports whose CA nobody has looked up, in so many words, and pins nothing", () => {
    const snp = { revocation: "allow-unchecked", provisionalFirmware: "allow", vlekProviders: "any" };
    assert.deepEqual(defaultPolicy, { snp });
    assert.ok(Object.isFrozen(defaultPolicy) && Object.isFrozen(defaultPolicy.snp));
    assert.deepEqual(pinnedTees(defaultPolicy), []);
    assert.throws(() => parsePolicy(defaultPolicy), refusal("policy-unpinned"));
  });
});
