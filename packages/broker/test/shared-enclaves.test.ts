import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AppraisalPolicy, parsePolicy, type SgxPolicy } from "@sealserve/attestation";
import { findSharedEnclaves } from "../src/config/shared-enclaves.ts";
import type { ReleasePolicy } from "../src/release/candidate.ts";
import { MR_ENCLAVE, OTHER_MR_ENCLAVE } from "./setup.ts";

const product: SgxPolicy = { mrSigner: ["ab".repeat(32)], isvProdId: 1, minimumIsvSvn: 1 };

function pairs(...candidates: readonly Omit<ReleasePolicy, "name">[][]): string[] {
  const named = candidates.map((policies, index) => {
    const name = `${index}`;
    return { name, policies: policies.map((policy) => ({ name, ...policy })) };
  });
  return findSharedEnclaves(named).map(([first, second]) => `${first.name}${second.name}`);
}

function policyOf(members: object): AppraisalPolicy {
  return parsePolicy(members, { requireIdentity: false });
}

function shared(...policies: readonly SgxPolicy[]): string[] {
  return pairs(...policies.map((sgx) => [{ policy: policyOf({ sgx }) }]));
}

describe("enclaves that two models share", () => {
  it("are found where lists have an entry in common, in any case of digits", () => {
    const both = { mrEnclave: [OTHER_MR_ENCLAVE, "Ab".repeat(32)] };
    assert.deepEqual(shared({ mrEnclave: ["aB".repeat(32)] }, both, { mrEnclave: [MR_ENCLAVE] }), ["01"]);
  });

  it("are found where one product meets both, however new it has to be", () => {
    assert.deepEqual(shared(product, { ...product, minimumIsvSvn: 7 }), ["01"]);
    assert.deepEqual(shared(product, { mrEnclave: [MR_ENCLAVE] }), ["01"]);
  });

  it("are not found where any part of the identity keeps the models apart", () => {
    assert.deepEqual(shared(product, { ...product, isvProdId: 2 }), []);
    assert.deepEqual(shared(product, { ...product, mrSigner: ["cd".repeat(32)] }), []);
    const configured = (digits: string): SgxPolicy => ({ mrEnclave: [MR_ENCLAVE], configId: [digits.repeat(64)] });
    assert.deepEqual(shared(configured("01"), configured("02")), []);
  });

  it("are found where any policy of one meets any of the other", () => {
    const one = [{ policy: policyOf({ sgx: { mrEnclave: [MR_ENCLAVE] } }) }, { policy: policyOf({ sgx: product }) }];
    const other = [
      { policy: policyOf({ sgx: { ...product, isvProdId: 2 } }) },
      { policy: policyOf({ sgx: { ...product, isvProdId: 1 } }) },
    ];
    assert.deepEqual(pairs(one, other, []), ["01"]);
  });

  it("are found where a policy names no software at all", () => {
    assert.deepEqual(pairs([{ policy: policyOf({}) }], [{ policy: policyOf({ sgx: product }) }]), ["01"]);
  });

  it("are not found where one names guests of SEV-SNP alone", () => {
    const snp = { images: [{ measurement: "01".repeat(48), hostData: "02".repeat(32) }] };
    assert.deepEqual(pairs([{ policy: policyOf({ snp }) }], [{ policy: policyOf({ sgx: product }) }]), []);
  });

  it("are not found where each takes one ISVSVN, and these differ", () => {
    const exactly = (isvSvn: number) => [{ policy: policyOf({ sgx: product }), enclave: { isvSvn } }];
    assert.deepEqual(pairs(exactly(1), exactly(2), exactly(1)), ["02"]);
  });

  it("are not found between enclaves and trust domains; among those MRTD counts", () => {
    const image = (digits: string) => {
      const waived = { waived: "for the test" };
      const tdx = { images: [{ mrTd: digits.repeat(48), rtMr0: waived, rtMr1: waived, rtMr2: waived }] };
      return [{ policy: policyOf({ tdx }) }];
    };
    assert.deepEqual(pairs(image("01"), [{ policy: policyOf({ sgx: product }) }], image("02"), image("01")), ["03"]);
  });
});
