import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import {
  AttestationError,
  parsePolicy,
  type TrustedRoot,
  trustedRootFromPem,
  type VerifiedEvidence,
  vendorRoot,
  verifyEvidence,
} from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import type { ReleasableModel } from "../src/keys/releasable-model.ts";
import { SecretKey } from "../src/keys/secret-key.ts";
import type { Candidate } from "../src/release/candidate.ts";
import { type Decision, type DecisionInput, decideRelease } from "../src/release/decision.ts";
import { MR_ENCLAVE, OTHER_MR_ENCLAVE } from "./setup.ts";

const reportData = new Uint8Array(64).fill(5);

function model(name: string, mrEnclave: string): ReleasableModel {
  return {
    name,
    policies: [{ name, policy: parsePolicy({ sgx: { mrEnclave: [mrEnclave] } }) }],
    wrapKey: new SecretKey(new Uint8Array(16)),
    keyFormat: "raw",
    manifestDigest: "00".repeat(32),
    ownerPublicKeyPem: "",
    minimumVersion: 1,
    leaseSeconds: undefined,
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
    const quote = await vendor.quote({ mrEnclave: OTHER_MR_ENCLAVE, isvSvn: 3, reportData });
    evidence = await verifyEvidence(quote, await vendor.collateral(), { now, root });
  });

  function decide(changes: Partial<DecisionInput> = {}): Decision {
    return decideRelease({ evidence, reportData, candidates: [beta], simulatedAllowed: true, ...changes });
  }

  function refusals(candidate: Candidate): [model: string, code: string, expected: string, actual: string][] {
    const decision = decide({ candidates: [candidate] });
    assert.ok(decision.outcome === "refused" && decision.code === "policy-not-met");
    return decision.failedClaims.map(({ model: name, code, expected, actual }) => [name, code, expected, actual]);
  }

  it("releases the first that accepts", () => {
    assert.deepEqual(decide(), { outcome: "released", candidate: beta });
    assert.deepEqual(decide({ candidates: [alpha, gamma, beta] }), { outcome: "released", candidate: gamma });
  });

  it("refuses when there is nothing to release", () => {
    assert.deepEqual(decide({ candidates: [] }), { outcome: "refused", code: "unknown-model", failedClaims: [] });
  });

  it("refuses the software of another model, and names the claims that fail", () => {
    assert.deepEqual(refusals(alpha), [["alpha", "mrenclave-not-accepted", MR_ENCLAVE, OTHER_MR_ENCLAVE]]);
    assert.ok(decide({ candidates: [alpha] }).outcome === "refused");
  });

  it("releases what any policy of several grants; of a refusal it names the policy that came closest", () => {
    const far = { name: "far", policy: parsePolicy({ sgx: { mrEnclave: [MR_ENCLAVE], isvProdId: 9 } }) };
    const near = { name: "near", policy: parsePolicy({ sgx: { mrEnclave: [OTHER_MR_ENCLAVE], isvProdId: 9 } }) };
    const met = { name: "met", policy: parsePolicy({ sgx: { mrEnclave: [OTHER_MR_ENCLAVE] } }) };
    const several = { name: "several", policies: [far, near, met] };
    assert.deepEqual(decide({ candidates: [several] }), { outcome: "released", candidate: several });
    assert.deepEqual(refusals({ name: "none", policies: [far, near, far] }), [
      ["near", "isv-prod-id-mismatch", "9", "0"],
    ]);
  });

  it("refuses everybody what has no policy", () => {
    assert.deepEqual(refusals({ name: "nobody", policies: [] }), [["nobody", "no-policy", "a policy", "none"]]);
  });

  it("holds an enclave to one ISVSVN where it must be exact", () => {
    const exactly = (isvSvn: number): Candidate => {
      const policy = parsePolicy({ sgx: { mrEnclave: [OTHER_MR_ENCLAVE] } });
      return { name: "exact", policies: [{ name: "exact", policy, enclave: { isvSvn } }] };
    };
    assert.ok(decide({ candidates: [exactly(3)] }).outcome === "released");
    for (const other of [0, 2, 4]) {
      assert.deepEqual(refusals(exactly(other)), [["exact", "isv-svn-mismatch", `${other}`, "3"]]);
    }
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
    assert.deepEqual(decide({ simulatedAllowed: false, candidates: [] }), {
      outcome: "refused",
      code: "simulated-evidence",
      failedClaims: [],
    });
  });
});
