import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { refusesPolicy } from "./judging.ts";
import { MR_ENCLAVE, MR_SIGNER, refusal } from "./simulated.ts";

const pinned = { mrEnclave: [MR_ENCLAVE] };
const signer = { mrSigner: [MR_SIGNER], isvProdId: 7, minimumIsvSvn: 3 };

describe("a policy", () => {
  it("pins software by MRENCLAVE, or by MRSIGNER with product and minimum version", () => {
    assert.deepEqual(parsePolicy({ sgx: pinned }), { sgx: pinned });
    assert.deepEqual(parsePolicy({ sgx: signer }), { sgx: signer });
    assert.deepEqual(parsePolicy({ sgx: { ...signer, minimumIsvSvn: 0 } }).sgx?.minimumIsvSvn, 0);
  });

  it("keeps all its members, with hex in lower case", () => {
    const policy = {
      sgx: { ...pinned, ...signer, configId: ["0".repeat(128)], provisionKey: "allow", einitTokenKey: "refuse" },
      tcb: {
        statuses: ["UpToDate", "SWHardeningNeeded"],
        toleratedAdvisoryIds: ["INTEL-SA-00615"],
        minimumTcbDate: "2025-01-01T00:00:00Z",
        minimumEvaluationDataNumber: 18,
      },
      debug: "allow-insecure",
    };
    const upper = { ...policy, sgx: { ...policy.sgx, mrEnclave: [MR_ENCLAVE.toUpperCase()] } };
    const { tcb, ...rest } = parsePolicy(upper);
    assert.deepEqual(rest, { sgx: policy.sgx, debug: policy.debug });
    assert.deepEqual(tcb, { ...policy.tcb, minimumTcbDate: "2025-01-01T00:00:00.000Z" });
  });

  it("that pins no software is refused", () => {
    for (const policy of [{}, { sgx: {} }, { tcb: {} }, { sgx: { isvProdId: 7, minimumIsvSvn: 1 } }]) {
      refusesPolicy(policy, "no software is pinned", "policy-unpinned");
    }
    refusesPolicy({ sgx: { configId: ["0".repeat(128)] } }, "no software is pinned", "policy-unpinned");
  });

  it("that pins a signer without product or without minimum version is refused, also for looking only", () => {
    const { isvProdId: _, ...noProduct } = signer;
    const { minimumIsvSvn: __, ...noVersion } = signer;
    refusesPolicy({ sgx: noProduct }, "sgx.isvProdId", "policy-unpinned");
    refusesPolicy({ sgx: noVersion }, "sgx.minimumIsvSvn", "policy-unpinned");
    assert.throws(() => parsePolicy({ sgx: noVersion }, { requireIdentity: false }), refusal("policy-unpinned"));
  });

  it("without software is for looking only, and must be asked for", () => {
    assert.deepEqual(parsePolicy({}, { requireIdentity: false }), {});
  });

  it("with an unknown member is refused by its name", () => {
    refusesPolicy({ sgx: pinned, td: {} }, "td");
    refusesPolicy({ sgx: { ...pinned, mrenclave: [MR_ENCLAVE] } }, "sgx.mrenclave");
    refusesPolicy({ sgx: pinned, tcb: { status: ["UpToDate"] } }, "tcb.status");
    refusesPolicy(JSON.parse('{"sgx":{"mrEnclave":[],"__proto__":{}}}'), "sgx.__proto__");
  });

  it("with an empty list is refused: it does not mean any", () => {
    for (const name of ["mrEnclave", "mrSigner", "configId"]) {
      refusesPolicy({ sgx: { ...pinned, [name]: [] } }, `sgx.${name}`);
    }
    refusesPolicy({ sgx: pinned, tcb: { statuses: [] } }, "tcb.statuses");
    refusesPolicy({ sgx: pinned, tcb: { toleratedAdvisoryIds: [] } }, "tcb.toleratedAdvisoryIds");
  });

  it("with a measurement that is none is refused by its place", () => {
    for (const value of [
      "",
      "a1",
      `${MR_ENCLAVE}00`,
      `0x${MR_ENCLAVE.slice(2)}`,
      MR_ENCLAVE.replace("a", "g"),
      null,
      1,
    ]) {
      refusesPolicy({ sgx: { mrEnclave: [MR_ENCLAVE, value] } }, "sgx.mrEnclave[1]");
    }
    refusesPolicy({ sgx: { mrEnclave: ["00".repeat(32)] } }, "sgx.mrEnclave[0] is a placeholder");
    refusesPolicy({ sgx: { ...signer, mrSigner: ["00".repeat(32)] } }, "sgx.mrSigner[0] is a placeholder");
    refusesPolicy({ sgx: { mrEnclave: MR_ENCLAVE } }, "sgx.mrEnclave");
  });

  it("with numbers out of their range or as text is refused", () => {
    for (const value of [-1, 65536, 1.5, Number.NaN, "7", null, 7n, true]) {
      refusesPolicy({ sgx: { ...signer, isvProdId: value } }, "sgx.isvProdId");
      refusesPolicy({ sgx: { ...signer, minimumIsvSvn: value } }, "sgx.minimumIsvSvn");
    }
    refusesPolicy({ sgx: pinned, tcb: { minimumEvaluationDataNumber: 2 ** 32 } }, "tcb.minimumEvaluationDataNumber");
  });

  it("can accept neither revoked nor unknown statuses", () => {
    for (const status of ["Revoked", "uptodate", "Any", "", null]) {
      refusesPolicy({ sgx: pinned, tcb: { statuses: ["UpToDate", status] } }, "tcb.statuses[1]");
    }
  });

  it("can accept an outdated status only with a limit on its age", () => {
    for (const status of ["OutOfDate", "OutOfDateConfigurationNeeded"]) {
      const tcb = { statuses: ["UpToDate", status] };
      refusesPolicy({ sgx: pinned, tcb }, "tcb.minimumTcbDate");
      parsePolicy({ sgx: pinned, tcb: { ...tcb, minimumTcbDate: "2025-01-01T00:00:00Z" } });
      refusesPolicy({ sgx: pinned, tcb: { ...tcb, minimumTcbDate: "2025" } }, "tcb.minimumTcbDate");
    }
  });

  it("can accept a status that asks for hardening only with the advisories that the software copes with", () => {
    for (const status of ["SWHardeningNeeded", "ConfigurationAndSWHardeningNeeded"]) {
      const tcb = { statuses: ["UpToDate", status] };
      refusesPolicy({ sgx: pinned, tcb }, "tcb.toleratedAdvisoryIds");
      parsePolicy({ sgx: pinned, tcb: { ...tcb, toleratedAdvisoryIds: ["INTEL-SA-00615"] } });
    }
  });

  it("allows debug enclaves only in plain words", () => {
    for (const debug of [true, false, "allow", "ALLOW-INSECURE", "", null]) {
      refusesPolicy({ sgx: pinned, debug }, "debug");
    }
    refusesPolicy({ sgx: { ...pinned, provisionKey: true } }, "sgx.provisionKey");
  });

  it("is an object", () => {
    for (const value of [undefined, null, [], "", 1, [{ sgx: pinned }]]) {
      refusesPolicy(value, "document");
    }
    refusesPolicy({ sgx: [] }, "sgx");
    refusesPolicy({ sgx: pinned, tcb: null }, "tcb");
  });
});
