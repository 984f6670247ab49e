import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Collateral } from "@sealserve/attestation";
import { decodeHex, decodePem, encodeUtf8, parseCertificate, verifyEcdsaP256 } from "@sealserve/core";
import type { CollateralOptions } from "../src/vendor/collateral.ts";
import { QUOTING_ENCLAVES } from "../src/vendor/quoting-enclave.ts";
import { tdxModuleId } from "../src/vendor/tdx-module.ts";
import { createVendor } from "../src/vendor/vendor.ts";
import { now, vendor, verify } from "./verdict.ts";

interface Level {
  readonly tcb: {
    readonly isvsvn?: number;
    readonly pcesvn?: number;
    readonly sgxtcbcomponents?: { readonly svn: number }[];
    readonly tdxtcbcomponents?: { readonly svn: number; readonly category?: string; readonly type?: string }[];
  };
  readonly tcbDate: string;
  readonly tcbStatus: string;
  readonly advisoryIDs?: string[];
}

interface Document {
  readonly [member: string]: unknown;
  readonly tcbLevels: Level[];
  readonly tdxModule?: Record<string, string>;
  readonly tdxModuleIdentities?: { readonly id: string; readonly mrsigner: string; readonly tcbLevels: Level[] }[];
}

const parse = (text: string): Document => JSON.parse(text) as Document;
const tcbInfoOf = async (options: CollateralOptions = {}): Promise<Document> =>
  parse((await vendor.collateral({ tee: "tdx", ...options })).tcbInfo);

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

const NO_SIGNER = "00".repeat(48);
const NO_ATTRIBUTES = { mrsigner: NO_SIGNER, attributes: "00".repeat(8), attributesMask: "FF".repeat(8) };

async function signaturesHold(collateral: Collateral): Promise<boolean[]> {
  const point = (chain: string): Uint8Array =>
    parseCertificate(decodePem(chain, "CERTIFICATE")[0]?.bytes ?? new Uint8Array(0)).publicKeyInfo.subarray(-64);
  return Promise.all(
    (
      [
        [collateral.tcbInfoIssuerChain, collateral.tcbInfoSignature, collateral.tcbInfo],
        [collateral.qeIdentityIssuerChain, collateral.qeIdentitySignature, collateral.qeIdentity],
      ] as const
    ).map(([chain, signature, text]) => verifyEcdsaP256(point(chain), decodeHex(signature), encodeUtf8(text))),
  );
}

describe("collateral for TDX", () => {
  it("is signed by TCB signing over its exact text", async () => {
    assert.deepEqual(await signaturesHold(await vendor.collateral({ tee: "tdx" })), [true, true]);
  });

  it("has the members of Intel's document in their order", async () => {
    const tcbInfo = await tcbInfoOf();
    assert.deepEqual(Object.keys(tcbInfo), [
      "id",
      "version",
      "issueDate",
      "nextUpdate",
      "fmspc",
      "pceId",
      "tcbType",
      "tcbEvaluationDataNumber",
      "tdxModule",
      "tdxModuleIdentities",
      "tcbLevels",
    ]);
    assert.deepEqual([tcbInfo["id"], tcbInfo["version"]], ["TDX", 3]);
    assert.deepEqual(tcbInfo.tdxModule, NO_ATTRIBUTES);
  });

  it("describes the machine exactly, by the identity of its module and not by the first two components", async () => {
    const { tcbLevels, tdxModuleIdentities } = await tcbInfoOf();
    const { componentSvns, pceSvn } = vendor.machine;
    const { teeTcbSvn } = vendor;
    const [newest, older] = tcbLevels;
    const svns = newest?.tcb.tdxtcbcomponents?.map(({ svn }) => svn) ?? [];
    assert.equal(svns.length, 16);
    assert.deepEqual(svns.slice(2), teeTcbSvn.slice(2));
    assert.ok((teeTcbSvn[0] ?? 0) < (svns[0] ?? 0), "whoever compares component 0 must be wrong");
    assert.deepEqual(
      newest?.tcb.sgxtcbcomponents,
      componentSvns.map((svn) => ({ svn })),
    );
    assert.deepEqual([newest?.tcb.pcesvn, newest?.tcbStatus], [pceSvn, "UpToDate"]);
    assert.deepEqual([older?.tcb.tdxtcbcomponents?.[2]?.svn, older?.tcbStatus], [11, "OutOfDate"]);
    assert.equal(teeTcbSvn[1], 3);
    const identity = tdxModuleIdentities?.find(({ id }) => id === "TDX_03");
    assert.deepEqual(
      identity?.tcbLevels.map(({ tcb, tcbStatus }) => [tcb.isvsvn, tcbStatus]),
      [
        [teeTcbSvn[0], "UpToDate"],
        [2, "OutOfDate"],
      ],
    );
    assert.deepEqual(
      tdxModuleIdentities?.map(({ id }) => id),
      ["TDX_03", "TDX_01"],
    );
  });

  it("says what the first TDX components are, for people to read", async () => {
    const [newest] = (await tcbInfoOf()).tcbLevels;
    assert.deepEqual(
      newest?.tcb.tdxtcbcomponents?.slice(0, 4).map(({ type }) => type),
      ["TDX Module", "TDX Module", "TDX Late Microcode Update", undefined],
    );
  });

  it("describes a machine whose module has no major version by its components", async () => {
    const teeTcbSvn = [5, 0, 6, ...zeros(13)];
    const old = await createVendor({ now, teeTcbSvn });
    const { tcbLevels, tdxModuleIdentities } = parse((await old.collateral({ tee: "tdx" })).tcbInfo);
    assert.deepEqual(
      tcbLevels[0]?.tcb.tdxtcbcomponents?.map(({ svn }) => svn),
      teeTcbSvn,
    );
    assert.deepEqual(
      tdxModuleIdentities?.map(({ id }) => id),
      ["TDX_03", "TDX_01"],
    );
  });

  it("describes a machine with a module of a version that needs two hex digits", async () => {
    const old = await createVendor({ now, teeTcbSvn: [9, 16, ...zeros(14)] });
    const { tdxModuleIdentities } = parse((await old.collateral({ tee: "tdx", tdxModuleStatus: "Revoked" })).tcbInfo);
    const identity = tdxModuleIdentities?.find(({ id }) => id === "TDX_10");
    assert.deepEqual([identity?.tcbLevels[0]?.tcb.isvsvn, identity?.tcbLevels[0]?.tcbStatus], [9, "Revoked"]);
    assert.deepEqual([tdxModuleId(1), tdxModuleId(10), tdxModuleId(255)], ["TDX_01", "TDX_0A", "TDX_FF"]);
  });

  it("has the identity of the TD quoting enclave", async () => {
    const identity = parse((await vendor.collateral({ tee: "tdx", qeTcbStatus: "OutOfDate" })).qeIdentity);
    const { mrSigner, isvProdId, isvSvn } = QUOTING_ENCLAVES.tdx;
    assert.deepEqual(
      [identity["id"], identity["version"], identity["mrsigner"], identity["isvprodid"]],
      ["TD_QE", 2, mrSigner.toUpperCase(), isvProdId],
    );
    assert.deepEqual([identity.tcbLevels[0]?.tcb.isvsvn, identity.tcbLevels[0]?.tcbStatus], [isvSvn, "OutOfDate"]);
  });
});

describe("overrides of collateral for TDX", () => {
  it("set the module that has no major version, or leave it out", async () => {
    const tdxModule = { mrSigner: "a1".repeat(48), attributes: "b2".repeat(8), attributesMask: "c3".repeat(8) };
    assert.deepEqual((await tcbInfoOf({ tdxModule })).tdxModule, {
      mrsigner: "A1".repeat(48),
      attributes: "B2".repeat(8),
      attributesMask: "C3".repeat(8),
    });
    assert.equal((await tcbInfoOf({ tdxModule: "absent" })).tdxModule, undefined);
  });

  it("set module identities, or leave them out", async () => {
    const level = { isvSvn: 5, status: "OutOfDate", date: now, advisoryIds: ["A"] };
    const { tdxModuleIdentities } = await tcbInfoOf({
      tdxModuleIdentities: [{ id: "tdx_01", mrSigner: "d4".repeat(48), tcbLevels: [level] }],
    });
    assert.deepEqual(tdxModuleIdentities, [
      {
        ...NO_ATTRIBUTES,
        id: "tdx_01",
        mrsigner: "D4".repeat(48),
        tcbLevels: [
          { tcb: { isvsvn: 5 }, tcbDate: "2026-06-01T12:00:00Z", tcbStatus: "OutOfDate", advisoryIDs: ["A"] },
        ],
      },
    ]);
    assert.deepEqual((await tcbInfoOf({ tdxModuleIdentities: [] })).tdxModuleIdentities, []);
    assert.equal("tdxModuleIdentities" in (await tcbInfoOf({ tdxModuleIdentities: "absent" })), false);
  });

  it("set platform levels, with the TDX components of the machine or others", async () => {
    const { componentSvns, pceSvn } = vendor.machine;
    const level = { componentSvns, pceSvn, status: "ConfigurationNeeded" };
    const { tcbLevels } = await tcbInfoOf({ tcbLevels: [level, { ...level, tdxComponentSvns: [1, 2, 3] }] });
    assert.deepEqual(
      tcbLevels.map(({ tcb }) => tcb.tdxtcbcomponents?.map(({ svn }) => svn)),
      [
        [7, 0, 12, ...zeros(13)],
        [1, 2, 3],
      ],
    );
  });

  it("leave SGX collateral as it was", async () => {
    const { tcbInfo, qeIdentity } = await vendor.collateral({ tdxModuleStatus: "OutOfDate", tdxModule: {} });
    assert.doesNotMatch(tcbInfo + qeIdentity, /tdx|TDX|TD_QE/);
  });
});

describe("TCB info of version 2", () => {
  it("names its components, has no id, and is accepted for SGX", async () => {
    const collateral = await vendor.collateral({ tcbInfoVersion: 2 });
    const tcbInfo = parse(collateral.tcbInfo);
    assert.deepEqual([tcbInfo["version"], "id" in tcbInfo], [2, false]);
    const tcb: Record<string, unknown> = tcbInfo.tcbLevels[0]?.tcb ?? {};
    assert.equal(Object.keys(tcb).length, 17);
    assert.deepEqual([tcb["sgxtcbcomp01svn"], tcb["sgxtcbcomp16svn"], tcb["pcesvn"]], [12, 0, 13]);
    assert.deepEqual(await signaturesHold(collateral), [true, true]);
    assert.equal((await verify({ collateral: { tcbInfoVersion: 2 } })).tcbStatus, "UpToDate");
  });

  it("does not exist for TDX", async () => {
    await assert.rejects(vendor.collateral({ tee: "tdx", tcbInfoVersion: 2 }), { code: "bad-argument" });
  });
});
