import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex } from "@sealserve/core";
import { type CollateralOptions, tdxModuleId } from "@sealserve/simulator";
import { parseQeIdentity } from "../src/collateral/qe-identity.ts";
import { parseTcbInfo, type TcbInfo } from "../src/collateral/tcb-info.ts";
import { TCB_STATUSES } from "../src/collateral/tcb-status.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { refusal, vendor } from "./simulated.ts";
import { tdxCollateral } from "./simulated-td.ts";

type Json = Readonly<Record<string, unknown>>;

const tcbInfo: Json = JSON.parse(tdxCollateral.tcbInfo);
const [level]: Json[] = JSON.parse(JSON.stringify(tcbInfo["tcbLevels"]));
const [identity]: Json[] = JSON.parse(JSON.stringify(tcbInfo["tdxModuleIdentities"]));
const module = tcbInfo["tdxModule"] as Json;
assert.ok(level && identity);
const tcb = level["tcb"] as Json;

function without(document: Json, name: string): Json {
  return Object.fromEntries(Object.entries(document).filter(([member]) => member !== name));
}

function parse(document: Json): TcbInfo {
  return parseTcbInfo(JSON.stringify(document));
}

function refuses(document: Json, code: AttestationErrorCode = "tcb-info-malformed"): void {
  assert.throws(() => parse(document), refusal(code), JSON.stringify(document).slice(0, 500));
}

function withModule(changes: Json): Json {
  return { ...tcbInfo, tdxModule: { ...module, ...changes } };
}

function withIdentity(changes: Json): Json {
  return { ...tcbInfo, tdxModuleIdentities: [{ ...identity, ...changes }] };
}

function withLevels(tcbLevels: unknown): Json {
  return withIdentity({ tcbLevels });
}

function withTcb(changes: Json): Json {
  return { ...tcbInfo, tcbLevels: [{ ...level, tcb: { ...tcb, ...changes } }] };
}

describe("TCB info for TDX", () => {
  it("lists components of both kinds, what a module must be, and identities of modules by version", async () => {
    const { tee, tdxModules, levels } = parse(tcbInfo);
    assert.equal(tee, "tdx");
    assert.deepEqual(levels[0]?.components, vendor.machine.componentSvns);
    assert.deepEqual(levels[0]?.tdxComponents?.slice(0, 4), [7, 0, 12, 0]);
    assert.ok(tdxModules);
    assert.equal(tdxModules.first.mrSigner, "00".repeat(48));
    assert.equal(encodeHex(tdxModules.first.attributesMask), "ff".repeat(8));
    assert.deepEqual([...tdxModules.byVersion.keys()], [3, 1]);
    const { levels: moduleLevels, ...expectation } = tdxModules.byVersion.get(3) ?? { levels: [] };
    assert.deepEqual(expectation, tdxModules.first);
    assert.deepEqual(
      moduleLevels.map(({ isvSvn, status, advisoryIds }) => [isvSvn, status, advisoryIds]),
      [
        [4, "UpToDate", []],
        [2, "OutOfDate", ["SIMULATED-SA-00003"]],
      ],
    );
  });

  it("may lack identities of modules, which then are all unknown", async () => {
    const { tcbInfo: text } = await vendor.collateral({ tee: "tdx", tdxModuleIdentities: "absent" });
    assert.equal(parseTcbInfo(text).tdxModules?.byVersion.size, 0);
    assert.equal(parse({ ...tcbInfo, tdxModuleIdentities: [] }).tdxModules?.byVersion.size, 0);
  });

  it("may say what kinds of components there are, which changes nothing", () => {
    const named = (tcb["tdxtcbcomponents"] as Json[]).map((component) => ({
      ...component,
      category: "BIOS",
      type: "?",
    }));
    assert.deepEqual(parse(withTcb({ tdxtcbcomponents: named })).levels, [parse(tcbInfo).levels[0]]);
  });

  it("numbers the versions of modules in hexadecimal digits of either case", () => {
    for (const [id, version] of [
      ["TDX_01", 1],
      ["TDX_0a", 10],
      ["TDX_0A", 10],
      ["TDX_10", 16],
      ["tdx_1f", 31],
      ["TDX_ff", 255],
    ] as const) {
      assert.deepEqual([...(parse(withIdentity({ id })).tdxModules?.byVersion.keys() ?? [])], [version], id);
      assert.equal(tdxModuleId(version).toLowerCase(), id.toLowerCase());
    }
  });

  it("is refused with an identity that has no such id", () => {
    const wrong = [
      "",
      "TDX_",
      "TDX_1",
      "TDX_001",
      "TDX_0G",
      "TDX01",
      "TDX-01",
      "SGX_01",
      "TDX_01 ",
      "TDX_01\n",
      " TDX_01",
    ];
    for (const id of [...wrong, "TDX_0x1", "TDX_+1", "TDX_１０", "ТDX_01", 1, null, ["TDX_01"]]) {
      refuses(withIdentity({ id }));
    }
  });

  it("is refused with two identities of one version, in whichever case", () => {
    const lower = { ...identity, id: "TDX_0a" };
    refuses({ ...tcbInfo, tdxModuleIdentities: [identity, identity] });
    refuses({ ...tcbInfo, tdxModuleIdentities: [lower, { ...lower, id: "TDX_0A" }] });
    refuses({ ...tcbInfo, tdxModuleIdentities: [lower, identity, { ...lower, id: "tdx_0A" }] });
  });

  it("is refused with more identities than there can be versions, or with none in a list", () => {
    const many = Array.from({ length: 257 }, () => identity);
    for (const tdxModuleIdentities of [many, {}, null, "", [null], [[]]]) {
      refuses({ ...tcbInfo, tdxModuleIdentities });
    }
  });

  it("is refused when a member of a module or of its identity is missing or wrong", () => {
    refuses(without(tcbInfo, "tdxModule"));
    for (const name of ["mrsigner", "attributes", "attributesMask"]) {
      refuses({ ...tcbInfo, tdxModule: without(module, name) });
      refuses({ ...tcbInfo, tdxModuleIdentities: [without(identity, name)] });
      for (const value of ["", "00", "0x00", `${String(module[name])}00`, null, 0, {}]) {
        refuses(withModule({ [name]: value }));
        refuses(withIdentity({ [name]: value }));
      }
    }
    for (const name of ["id", "tcbLevels"]) {
      refuses({ ...tcbInfo, tdxModuleIdentities: [without(identity, name)] });
    }
    for (const tdxModule of [null, [], "", 0]) {
      refuses({ ...tcbInfo, tdxModule });
    }
  });

  it("is refused when a level of a module is incomplete or out of range", () => {
    const [first] = identity["tcbLevels"] as Json[];
    assert.ok(first);
    for (const name of ["tcb", "tcbDate", "tcbStatus"]) {
      refuses(withLevels([first, without(first, name)]));
    }
    for (const isvsvn of [-1, 256, 1.5, "4", null, undefined]) {
      refuses(withLevels([{ ...first, tcb: { isvsvn } }]));
    }
    for (const tcbLevels of [[], {}, null, Array.from({ length: 257 }, () => first)]) {
      refuses(withLevels(tcbLevels));
    }
    refuses(withLevels([{ ...first, tcbDate: "2025-02-30T00:00:00Z" }]));
    refuses(withLevels([{ ...first, advisoryIDs: [1] }]));
  });

  it("is refused with a status of a module that modules do not have", () => {
    const [first] = identity["tcbLevels"] as Json[];
    const allowed = ["UpToDate", "OutOfDate", "Revoked"];
    for (const tcbStatus of [...TCB_STATUSES, "TDRelaunchAdvised", "uptodate", ""]) {
      const document = withLevels([{ ...first, tcbStatus }]);
      if (allowed.includes(tcbStatus)) {
        parse(document);
      } else {
        refuses(document, "tcb-status-unknown");
      }
    }
  });

  it("is refused with a list of TDX components that is missing, short, long or out of range", () => {
    const components = tcb["tdxtcbcomponents"] as Json[];
    refuses({ ...tcbInfo, tcbLevels: [{ ...level, tcb: without(tcb, "tdxtcbcomponents") }] });
    for (const list of [[], components.slice(1), [...components, { svn: 0 }], {}, null]) {
      refuses(withTcb({ tdxtcbcomponents: list }));
    }
    for (const svn of [256, -1, 1.5, "1", null]) {
      refuses(withTcb({ tdxtcbcomponents: components.with(15, { svn }) }));
    }
    refuses(withTcb({ tdxtcbcomponents: components.with(15, {}) }));
    refuses({ ...tcbInfo, tcbLevels: [{ ...level, tcb: without(tcb, "sgxtcbcomponents") }] });
  });

  it("does not exist in version 2, and is none under the id of SGX", async () => {
    const { tdxModules, levels } = parse({ ...tcbInfo, id: "SGX" });
    assert.deepEqual([tdxModules, levels[0]?.tdxComponents], [undefined, undefined]);
    refuses({ ...tcbInfo, version: 2 });
    for (const id of ["tdx", "TDX ", "TDX_01", "", "TD_QE"]) {
      refuses({ ...tcbInfo, id }, "tcb-info-tee-mismatch");
    }
  });
});

describe("the identity of the TD quoting enclave", () => {
  it("is told from that of the SGX quoting enclave by its id alone", async () => {
    const cases: readonly (readonly [CollateralOptions["tee"], "sgx" | "tdx", boolean])[] = [
      ["tdx", "tdx", true],
      ["tdx", "sgx", false],
      ["sgx", "tdx", false],
      ["sgx", "sgx", true],
    ];
    for (const [tee, expected, same] of cases) {
      const { qeIdentity } = await vendor.collateral({ tee: tee ?? "sgx" });
      if (same) {
        assert.equal(parseQeIdentity(qeIdentity, expected).tee, expected);
      } else {
        assert.throws(() => parseQeIdentity(qeIdentity, expected), refusal("qe-identity-tee-mismatch"));
      }
    }
    for (const id of ["TD_QE ", "td_qe", "TDQE", "QVE", ""]) {
      const text = tdxCollateral.qeIdentity.replace('"TD_QE"', JSON.stringify(id));
      assert.throws(() => parseQeIdentity(text, "tdx"), refusal("qe-identity-tee-mismatch"), id);
    }
  });
});
