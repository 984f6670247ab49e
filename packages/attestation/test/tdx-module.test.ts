import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeHex } from "@sealserve/core";
import type { TdxModuleExpectation, TdxModules, TdxModuleTcbLevel } from "../src/collateral/tdx-module.ts";
import type { AttestationErrorCode } from "../src/errors.ts";
import { parseIntelQuote } from "../src/quote/intel-quote.ts";
import type { TdReportBody } from "../src/quote/td-report-body.ts";
import { matchTdxModule } from "../src/verify/intel/tdx-module.ts";
import { NOW, refusal, vendor } from "./simulated.ts";
import { TD } from "./simulated-td.ts";

const quote = parseIntelQuote(await vendor.tdxQuote({ ...TD, version: 5 }));
assert.ok(quote.tee === "tdx");
const { report } = quote;

const INTEL: TdxModuleExpectation = {
  mrSigner: "00".repeat(48),
  attributes: new Uint8Array(8),
  attributesMask: new Uint8Array(8).fill(0xff),
};
const OTHER_SIGNER = "5e".repeat(48);

function level(isvSvn: number, status: TdxModuleTcbLevel["status"]): TdxModuleTcbLevel {
  return { isvSvn, status, tcbDate: NOW, advisoryIds: [] };
}

const MODULES: TdxModules = {
  first: INTEL,
  byVersion: new Map([
    [3, { ...INTEL, levels: [level(4, "UpToDate"), level(2, "OutOfDate"), level(1, "Revoked")] }],
    [16, { ...INTEL, levels: [level(0, "OutOfDate")] }],
  ]),
};

/** The modules, with another expectation of those of version 0 or 3. */
function expecting(version: 0 | 3, changes: Partial<TdxModuleExpectation>): TdxModules {
  const third = MODULES.byVersion.get(3);
  assert.ok(third);
  return version === 0
    ? { ...MODULES, first: { ...INTEL, ...changes } }
    : { ...MODULES, byVersion: new Map([[3, { ...third, ...changes }]]) };
}

function reportOf(isvSvn: number, version: number, changes: Partial<TdReportBody> = {}): TdReportBody {
  const teeTcbSvn = Uint8Array.from(report.teeTcbSvn);
  teeTcbSvn.set([isvSvn, version]);
  return { ...report, teeTcbSvn, ...changes };
}

function statusOf(isvSvn: number, version: number): string | undefined {
  return matchTdxModule(reportOf(isvSvn, version), MODULES)?.status;
}

function refuses(body: TdReportBody, code: AttestationErrorCode, modules = MODULES): void {
  assert.throws(() => matchTdxModule(body, modules), refusal(code));
}

describe("a TDX module", () => {
  it("of major version 0 has no level of its own, whatever its ISVSVN", () => {
    for (const isvSvn of [0, 7, 255]) {
      assert.equal(statusOf(isvSvn, 0), undefined);
    }
  });

  it("of a later version has the first level that its ISVSVN reaches", () => {
    assert.deepEqual(
      [255, 5, 4, 3, 2, 1].map((isvSvn) => statusOf(isvSvn, 3)),
      ["UpToDate", "UpToDate", "UpToDate", "OutOfDate", "OutOfDate", "Revoked"],
    );
    assert.equal(statusOf(0, 16), "OutOfDate");
  });

  it("is refused below every level", () => {
    refuses(reportOf(0, 3), "tdx-module-tcb-not-supported");
  });

  it("is refused where its version has no identity, nearby ones notwithstanding", () => {
    for (const version of [1, 2, 4, 0x0f, 0x11, 0x10 * 3, 255]) {
      refuses(reportOf(255, version), "tdx-module-unknown");
    }
    refuses(reportOf(4, 3), "tdx-module-unknown", { ...MODULES, byVersion: new Map() });
  });

  for (const version of [0, 3] as const) {
    it(`of version ${version} is refused with another signer than expected`, () => {
      for (const place of [0, 47]) {
        const mrSignerSeam = new Uint8Array(48);
        mrSignerSeam[place] = 1;
        refuses(reportOf(4, version, { mrSignerSeam }), "tdx-module-mrsigner-mismatch");
      }
      const modules = expecting(version, { mrSigner: OTHER_SIGNER });
      refuses(reportOf(4, version), "tdx-module-mrsigner-mismatch", modules);
      matchTdxModule(reportOf(4, version, { mrSignerSeam: decodeHex(OTHER_SIGNER) }), modules);
    });

    it(`of version ${version} is refused with any attribute, whether or not the mask lets it`, () => {
      for (let bit = 0; bit < 64; bit++) {
        const seamAttributes = new Uint8Array(8);
        seamAttributes[bit >> 3] = 1 << (bit & 7);
        const body = reportOf(4, version, { seamAttributes });
        refuses(body, "tdx-module-attributes-mismatch");
        refuses(body, "tdx-module-attributes-mismatch", expecting(version, { attributesMask: new Uint8Array(8) }));
        refuses(body, "tdx-module-attributes-mismatch", expecting(version, { attributes: seamAttributes }));
      }
    });

    it(`of version ${version} is refused without an attribute that it must have`, () => {
      const attributes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
      refuses(reportOf(4, version), "tdx-module-attributes-mismatch", expecting(version, { attributes }));
    });
  }

  it("is held against the identity of its version alone", () => {
    const strange = expecting(0, { mrSigner: OTHER_SIGNER });
    matchTdxModule(reportOf(4, 3), strange);
    refuses(reportOf(4, 0), "tdx-module-mrsigner-mismatch", strange);
    matchTdxModule(reportOf(4, 0), expecting(3, { mrSigner: OTHER_SIGNER }));
  });
});
