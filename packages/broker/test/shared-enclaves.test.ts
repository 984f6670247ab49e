import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SgxPolicy } from "@sealserve/attestation";
import type { ModelConfig } from "../src/config/broker-config.ts";
import { findSharedEnclaves } from "../src/config/shared-enclaves.ts";
import { MR_ENCLAVE, OTHER_MR_ENCLAVE } from "./setup.ts";

const product: SgxPolicy = { mrSigner: ["ab".repeat(32)], isvProdId: 1, minimumIsvSvn: 1 };

function model(name: string, sgx: SgxPolicy): ModelConfig {
  const files = { packageDirectory: "", wrapKeyFile: "", ownerKeyFile: "" };
  return { name, ...files, keyFormat: "raw", minimumVersion: 1, policy: { sgx } };
}

function shared(...policies: readonly SgxPolicy[]): string[] {
  const models = policies.map((sgx, index) => model(`${index}`, sgx));
  return findSharedEnclaves(models).map(([first, second]) => `${first.name}${second.name}`);
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
});
