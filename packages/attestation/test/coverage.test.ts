import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { coverageGaps } from "../src/policy/coverage.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";

const REGISTER = "a1".repeat(48);
const image = { mrTd: REGISTER, rtMr0: REGISTER, rtMr1: REGISTER, rtMr2: REGISTER };
const rest = { rtMr3: REGISTER, mrConfigId: REGISTER, mrOwner: REGISTER, mrOwnerConfig: REGISTER };

function gapsOf(policy: unknown): string[] {
  return coverageGaps(parsePolicy(policy)).map(({ member, waived }) => `${member}${waived ? " (waived)" : ""}`);
}

describe("what a policy leaves open", () => {
  it("is named register by register for a trust domain", () => {
    assert.deepEqual(gapsOf({ tdx: { images: [image] } }), [
      "tdx.images[0].rtMr3",
      "tdx.images[0].mrConfigId",
      "tdx.images[0].mrOwner",
      "tdx.images[0].mrOwnerConfig",
    ]);
  });

  it("is told apart from what the owner left open on purpose, with her words", () => {
    const waived = { waived: "the cloud updates its firmware" };
    const policy = { tdx: { images: [{ ...image, ...rest, rtMr0: waived }] } };
    assert.deepEqual(gapsOf(policy), ["tdx.images[0].rtMr0 (waived)"]);
    assert.equal(coverageGaps(parsePolicy(policy))[0]?.reason, "the cloud updates its firmware");
  });

  it("is nothing where every register is pinned, in each image", () => {
    assert.deepEqual(gapsOf({ tdx: { images: [{ ...image, ...rest }] } }), []);
  });

  it("is the code of an enclave that is known by its signer only, and its configuration", () => {
    const signer = { mrSigner: ["b2".repeat(32)], isvProdId: 1, minimumIsvSvn: 2 };
    assert.deepEqual(gapsOf({ sgx: signer }), ["sgx.mrEnclave", "sgx.configId"]);
    assert.deepEqual(gapsOf({ sgx: { mrEnclave: ["a1".repeat(32)], configId: ["c3".repeat(64)] } }), []);
  });

  it("is the identity block of a SEV-SNP guest, and how old its platform may be", () => {
    const guest = { measurement: REGISTER, hostData: { waived: "no configuration" } };
    assert.deepEqual(gapsOf({ snp: { images: [guest] } }), [
      "snp.images[0].hostData (waived)",
      "snp.images[0].idKeyDigest",
      "snp.images[0].authorKeyDigest",
      "snp.images[0].familyId",
      "snp.images[0].imageId",
      "snp.minimumTcb",
    ]);
    const none = "00".repeat(48);
    const block = { idKeyDigest: none, authorKeyDigest: none, familyId: "00".repeat(16), imageId: "00".repeat(16) };
    const minimumTcb = { Milan: { bootLoader: 4, tee: 0, snp: 24, microcode: 219 } };
    const whole = { measurement: REGISTER, hostData: "00".repeat(32), ...block };
    assert.deepEqual(gapsOf({ snp: { images: [whole], minimumTcb } }), []);
  });
});
