import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  AttestationError,
  type TrustedRoot,
  trustedRootFromPem,
  type VerifiedEvidence,
  vendorRoot,
  verifyEvidence,
} from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import type { ReleasableModel } from "../src/keys/releasable-model.ts";
import { SecretKey } from "../src/keys/secret-key.ts";
import { type Decision, type DecisionInput, decideRelease } from "../src/release/decision.ts";
import { MR_ENCLAVE, OTHER_MR_ENCLAVE } from "./setup.ts";

const reportData = new Uint8Array(64).fill(5);

function model(name: string, mrEnclave: string): ReleasableModel {
  return {
    name,
    policy: { sgx: { mrEnclave: [mrEnclave] } },
    wrapKey: new SecretKey(new Uint8Array(16)),
    keyFormat: "raw",
    manifestDigest: "00".repeat(32),
    ownerPublicKeyPem: "",
    minimumVersion: 1,
  };
}

const alpha = model("alpha", MR_ENCLAVE);
const beta = model("beta", OTHER_MR_ENCLAVE);
const gamma = model("gamma", OTHER_MR_ENCLAVE);

describe("decision", () => {
  let evidence: VerifiedEvidence;
  let root: TrustedRoot;

  before(async () => {
    const now = new Date();
    const vendor = await createVendor({ now: new Date(now.getTime() - 60_000) });
    root = await trustedRootFromPem(vendor.rootPem);
    const quote = await vendor.quote({ mrEnclave: OTHER_MR_ENCLAVE, reportData });
    evidence = await verifyEvidence(quote, await vendor.collateral(), { now, root });
  });

  function decide(changes: Partial<DecisionInput> = {}): Decision {
    const models = [alpha, beta, gamma];
    return decideRelease({ evidence, reportData, requestedModel: "beta", models, simulatedAllowed: true, ...changes });
  }

  it("releases the model that was asked for", () => {
    assert.deepEqual(decide(), { outcome: "released", model: beta });
    assert.deepEqual(decide({ requestedModel: "gamma" }), { outcome: "released", model: gamma });
  });

  it("releases the first that accepts when none was asked for", () => {
    assert.deepEqual(decide({ requestedModel: undefined }), { outcome: "released", model: beta });
    const models = [alpha, gamma, beta];
    assert.deepEqual(decide({ requestedModel: undefined, models }), { outcome: "released", model: gamma });
  });

  it("refuses a model that there is not, and everything when there is none", () => {
    assert.deepEqual(decide({ requestedModel: "delta" }), {
      outcome: "refused",
      code: "unknown-model",
      failedClaims: [],
    });
    const refused = decide({ requestedModel: undefined, models: [] });
    assert.ok(refused.outcome === "refused" && refused.code === "unknown-model");
  });

  it("refuses the software of another model, and names the claims that fail", () => {
    assert.deepEqual(decide({ requestedModel: "alpha" }), {
      outcome: "refused",
      code: "policy-not-met",
      failedClaims: [
        {
          model: "alpha",
          claim: "mrenclave",
          code: "mrenclave-not-accepted",
          expected: MR_ENCLAVE,
          actual: OTHER_MR_ENCLAVE,
        },
      ],
    });
  });

  it("refuses evidence that was made for something else, and cannot be asked without saying for what", () => {
    const refused = decide({ reportData: new Uint8Array(64) });
    assert.ok(refused.outcome === "refused");
    assert.deepEqual(
      refused.failedClaims.map(({ code }) => code),
      ["report-data-mismatch"],
    );
    for (const length of [0, 32, 63, 65]) {
      assert.throws(() => decide({ reportData: new Uint8Array(length) }), AttestationError);
    }
  });

  it("refuses simulated evidence before anything else, unless the owner trusts a simulation", () => {
    assert.notEqual(root.intelSgx, vendorRoot.intelSgx);
    assert.deepEqual(decide({ simulatedAllowed: false, requestedModel: "delta" }), {
      outcome: "refused",
      code: "simulated-evidence",
      failedClaims: [],
    });
  });
});
