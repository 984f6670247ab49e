import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex } from "@sealserve/core";
import {
  COLLATERAL_FILE_MAX_LENGTH,
  encodeCollateralFile,
  parseCollateralFile,
} from "../src/collateral/collateral-file.ts";
import { parseQeIdentity } from "../src/collateral/qe-identity.ts";
import { parseTcbInfo } from "../src/collateral/tcb-info.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { refusal, vendor } from "./simulated.ts";

type Json = Readonly<Record<string, unknown>>;

const collateral = await vendor.collateral({ tcbStatus: "SWHardeningNeeded", advisoryIds: ["SA-1", "SA-2"] });
const tcbInfo: Json = JSON.parse(collateral.tcbInfo);
const qeIdentity: Json = JSON.parse(collateral.qeIdentity);

const COMPONENTS = Array.from({ length: 16 }, (_, index) => ({ svn: index }));

function withLevel(document: Json, level: Json): Json {
  return { ...document, tcbLevels: [level] };
}

function without(document: Json, name: string): Json {
  return Object.fromEntries(Object.entries(document).filter(([member]) => member !== name));
}

/** Each wrong document with the code that it must be refused under. */
function refusesAll(parse: (text: string) => unknown, cases: readonly (readonly [Json, AttestationErrorCode])[]): void {
  for (const [document, code] of cases) {
    const text = JSON.stringify(document);
    assert.throws(() => parse(text), refusal(code), text.slice(0, 300));
  }
}

describe("TCB info", () => {
  const level: Json = {
    tcb: { sgxtcbcomponents: COMPONENTS, pcesvn: 300 },
    tcbDate: "2025-05-14T00:00:00Z",
    tcbStatus: "ConfigurationNeeded",
  };

  it("of version 3 lists its components", () => {
    const parsed = parseTcbInfo(JSON.stringify(withLevel(tcbInfo, level)));
    assert.equal(parsed.tee, "sgx");
    assert.equal(parsed.fmspc, vendor.machine.fmspc);
    assert.deepEqual(parsed.levels, [
      {
        components: COMPONENTS.map(({ svn }) => svn),
        tdxComponents: undefined,
        pceSvn: 300,
        status: "ConfigurationNeeded",
        tcbDate: new Date("2025-05-14T00:00:00Z"),
        advisoryIds: [],
      },
    ]);
  });

  it("of version 2 names its components and has no id", () => {
    const tcb: Record<string, number> = { pcesvn: 13 };
    for (const [index, { svn }] of COMPONENTS.entries()) {
      tcb[`sgxtcbcomp${String(index + 1).padStart(2, "0")}svn`] = svn;
    }
    const document = { ...without(tcbInfo, "id"), version: 2, tcbLevels: [{ ...level, tcb }] };
    const parsed = parseTcbInfo(JSON.stringify(document));
    assert.equal(parsed.tee, "sgx");
    assert.deepEqual(
      parsed.levels[0]?.components,
      COMPONENTS.map(({ svn }) => svn),
    );
    const incomplete = { ...document, tcbLevels: [{ ...level, tcb: without(tcb, "sgxtcbcomp16svn") }] };
    refusesAll(parseTcbInfo, [[incomplete, "tcb-info-malformed"]]);
  });

  it("keeps the advisories of its levels", () => {
    assert.deepEqual(parseTcbInfo(collateral.tcbInfo).levels[0]?.advisoryIds, ["SA-1", "SA-2"]);
  });

  it("may have members that are not known yet, and hex in either case", () => {
    const document = { ...tcbInfo, fmspc: String(tcbInfo["fmspc"]).toLowerCase(), later: { nested: [1] } };
    assert.equal(parseTcbInfo(JSON.stringify(document)).fmspc, vendor.machine.fmspc);
  });

  it("is refused when any member is missing", () => {
    const names = ["version", "id", "issueDate", "nextUpdate", "fmspc", "pceId", "tcbType"];
    for (const name of [...names, "tcbEvaluationDataNumber", "tcbLevels"]) {
      refusesAll(parseTcbInfo, [[without(tcbInfo, name), "tcb-info-malformed"]]);
    }
    for (const name of ["tcb", "tcbDate", "tcbStatus"]) {
      refusesAll(parseTcbInfo, [[withLevel(tcbInfo, without(level, name)), "tcb-info-malformed"]]);
    }
  });

  it("is refused with a list of components that is short or long", () => {
    for (const sgxtcbcomponents of [[], COMPONENTS.slice(1), [...COMPONENTS, { svn: 0 }]]) {
      const tcb = { sgxtcbcomponents, pcesvn: 1 };
      refusesAll(parseTcbInfo, [[withLevel(tcbInfo, { ...level, tcb }), "tcb-info-malformed"]]);
    }
  });

  it("is refused with values out of their range or type", () => {
    const components = (svn: unknown): Json => {
      const tcb = { sgxtcbcomponents: COMPONENTS.with(3, { svn: svn as number }), pcesvn: 1 };
      return withLevel(tcbInfo, { ...level, tcb });
    };
    refusesAll(parseTcbInfo, [
      ...[256, -1, 1.5, "1", null, true].map((svn) => [components(svn), "tcb-info-malformed"] as const),
      [withLevel(tcbInfo, { ...level, tcb: { sgxtcbcomponents: COMPONENTS, pcesvn: 65536 } }), "tcb-info-malformed"],
      [{ ...tcbInfo, tcbLevels: [] }, "tcb-info-malformed"],
      [{ ...tcbInfo, tcbLevels: {} }, "tcb-info-malformed"],
      [{ ...tcbInfo, tcbType: 1 }, "tcb-info-malformed"],
      [{ ...tcbInfo, fmspc: "00A067" }, "tcb-info-malformed"],
      [{ ...tcbInfo, fmspc: "0x0A06711000" }, "tcb-info-malformed"],
      [{ ...tcbInfo, pceId: 0 }, "tcb-info-malformed"],
      [withLevel(tcbInfo, { ...level, advisoryIDs: "SA-1" }), "tcb-info-malformed"],
      [withLevel(tcbInfo, { ...level, advisoryIDs: [""] }), "tcb-info-malformed"],
      [withLevel(tcbInfo, { ...level, advisoryIDs: null }), "tcb-info-malformed"],
    ]);
  });

  it("is refused with dates of another form", () => {
    const dates = [
      "",
      "2025-05-14",
      "2025-05-14T00:00:00",
      "2025-05-14T00:00:00+02:00",
      "2025-02-30T00:00:00Z",
      "2025-13-01T00:00:00Z",
      0,
    ];
    for (const date of [...dates, "2025-05-14T24:00:00Z", "x2025-05-14T00:00:00Z", "2025-05-14T00:00:00Z\n"]) {
      refusesAll(parseTcbInfo, [
        [{ ...tcbInfo, nextUpdate: date }, "tcb-info-malformed"],
        [withLevel(tcbInfo, { ...level, tcbDate: date }), "tcb-info-malformed"],
      ]);
    }
  });

  it("is refused with a status that is not on the list, whichever level has it", () => {
    for (const status of ["", "uptodate", "UpToDate ", "TDRelaunchAdvised", "Unknown", 0, null]) {
      const levels = [level, { ...level, tcbStatus: status }];
      refusesAll(parseTcbInfo, [[{ ...tcbInfo, tcbLevels: levels }, "tcb-status-unknown"]]);
    }
  });

  it("is refused in other versions and for other TEEs", () => {
    refusesAll(parseTcbInfo, [
      [{ ...tcbInfo, version: 1 }, "tcb-info-version-unsupported"],
      [{ ...tcbInfo, version: 4 }, "tcb-info-version-unsupported"],
      [{ ...tcbInfo, version: "3" }, "tcb-info-malformed"],
      [{ ...tcbInfo, id: "TDX" }, "tcb-info-malformed"],
      [{ ...tcbInfo, id: "SEV" }, "tcb-info-tee-mismatch"],
      [{ ...tcbInfo, id: "sgx" }, "tcb-info-tee-mismatch"],
    ]);
  });

  it("is refused with a member twice, text behind its end, or when it is no object", () => {
    const twice = collateral.tcbInfo.replace('"tcbType":0', '"tcbType":0,"tcbType":0');
    const nested = collateral.tcbInfo.replace('{"svn":', '{"svn":0,"svn":');
    for (const text of [twice, nested, `${collateral.tcbInfo} {}`, "", "[]", "null", '"text"', "{"]) {
      assert.throws(() => parseTcbInfo(text), refusal("tcb-info-malformed"), text.slice(0, 80));
    }
  });
});

describe("a QE identity", () => {
  const parse = (text: string) => parseQeIdentity(text, "sgx");

  it("says what the quoting enclave must look like", () => {
    const parsed = parse(collateral.qeIdentity);
    assert.equal(parsed.isvProdId, 1);
    assert.equal(encodeHex(parsed.attributesMask), "fbffffffffffffff0000000000000000");
    assert.equal(parsed.levels[0]?.status, "UpToDate");
  });

  it("is refused when any member is missing", () => {
    const dates = ["version", "id", "issueDate", "nextUpdate", "tcbEvaluationDataNumber", "tcbLevels"];
    const fields = ["miscselect", "miscselectMask", "attributes", "attributesMask", "mrsigner", "isvprodid"];
    for (const name of [...dates, ...fields]) {
      refusesAll(parse, [[without(qeIdentity, name), "qe-identity-malformed"]]);
    }
  });

  it("is refused in other versions, for other enclaves, and with unknown statuses", () => {
    const level = { tcb: { isvsvn: 1 }, tcbDate: "2025-05-14T00:00:00Z" };
    refusesAll(parse, [
      [{ ...qeIdentity, version: 1 }, "qe-identity-version-unsupported"],
      [{ ...qeIdentity, version: 3 }, "qe-identity-version-unsupported"],
      [{ ...qeIdentity, id: "TD_QE" }, "qe-identity-tee-mismatch"],
      [{ ...qeIdentity, id: "QVE" }, "qe-identity-tee-mismatch"],
      [withLevel(qeIdentity, { ...level, tcbStatus: "SWHardeningNeeded" }), "tcb-status-unknown"],
      [withLevel(qeIdentity, { ...level, tcbStatus: "Fine" }), "tcb-status-unknown"],
    ]);
  });

  it("is refused with values out of their range", () => {
    refusesAll(parse, [
      [{ ...qeIdentity, mrsigner: "8c4f" }, "qe-identity-malformed"],
      [{ ...qeIdentity, mrsigner: "" }, "qe-identity-malformed"],
      [{ ...qeIdentity, attributesMask: "FB" }, "qe-identity-malformed"],
      [{ ...qeIdentity, miscselectMask: "FFFFFFFFFF" }, "qe-identity-malformed"],
      [{ ...qeIdentity, isvprodid: 65536 }, "qe-identity-malformed"],
      [{ ...qeIdentity, tcbLevels: [] }, "qe-identity-malformed"],
    ]);
  });
});

describe("a collateral file", () => {
  const file: Json = JSON.parse(encodeCollateralFile(collateral));

  it("comes back as it was written, with and without a PCK chain", () => {
    for (const whole of [collateral, { ...collateral, pckCertificateChain: vendor.pckChainPem }]) {
      assert.deepEqual(parseCollateralFile(encodeCollateralFile(whole)), whole);
    }
  });

  it("may have null for a PCK chain that it does not supply", () => {
    assert.deepEqual(parseCollateralFile(JSON.stringify({ ...file, pck_certificate_chain: null })), collateral);
    for (const chain of [1, [], {}, false]) {
      const text = JSON.stringify({ ...file, pck_certificate_chain: chain });
      assert.throws(() => parseCollateralFile(text), refusal("collateral-malformed"));
    }
  });

  it("is refused when any member is missing, of another type, or unknown", () => {
    for (const name of Object.keys(file)) {
      refusesAll(parseCollateralFile, [
        [without(file, name), "collateral-malformed"],
        [{ ...file, [name]: null }, "collateral-malformed"],
        [{ ...file, [name]: {} }, "collateral-malformed"],
      ]);
    }
    refusesAll(parseCollateralFile, [
      [{ ...file, tcbinfo: "" }, "collateral-malformed"],
      [{ ...file, pck_crl: "0x30" }, "collateral-malformed"],
      [{ ...file, root_ca_crl: "3" }, "collateral-malformed"],
    ]);
  });

  it("may hold the longest list that is read, and is refused beyond that", () => {
    const long = { ...collateral, pckCrl: new Uint8Array(1024 * 1024) };
    assert.equal(parseCollateralFile(encodeCollateralFile(long)).pckCrl.length, 1024 * 1024);
    const filler = " ".repeat(COLLATERAL_FILE_MAX_LENGTH);
    assert.throws(() => parseCollateralFile(`${JSON.stringify(file)}${filler}`), refusal("collateral-malformed"));
  });

  it("is refused when it is not strict JSON", () => {
    const twice = JSON.stringify(file).replace("{", '{"tcb_info":"",');
    for (const text of ["", "[]", twice, `${JSON.stringify(file)}x`]) {
      assert.throws(() => parseCollateralFile(text), refusal("collateral-malformed"));
    }
  });
});
