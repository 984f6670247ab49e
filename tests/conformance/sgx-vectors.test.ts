// Every SGX quote of the public attestation vectors, by the scoring rules of their description: real evidence with the
// collateral of its time, and synthetic evidence under throw-away roots.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IntelQuote } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import {
  expectReportFields,
  expectReuse,
  type QuoteFields,
  type QuoteVector,
  type ReportFields,
  testVerdicts,
} from "../support/quote-vectors.ts";
import { readVectorManifest, skipWithoutVectors } from "../support/vectors.ts";

interface SgxFields extends QuoteFields, ReportFields {
  readonly cpuSvn: string;
  readonly miscSelect: number;
  readonly attributes: string;
  readonly configId: string;
  readonly configSvn: number;
  readonly isvFamilyId: string;
  readonly isvExtProdId: string;
}

const vectors = await readVectorManifest<QuoteVector<SgxFields>>("sgx-quote-v3");

function expectReport(quote: IntelQuote, expected: SgxFields): void {
  assert.ok(quote.tee === "sgx");
  const { report } = quote;
  expectReportFields(report, expected);
  assert.equal(encodeHex(report.cpuSvn), expected.cpuSvn);
  assert.equal(report.miscSelect, expected.miscSelect);
  assert.equal(encodeHex(report.attributes.raw), expected.attributes);
  assert.equal(report.attributes.debug, expected.debug);
  assert.equal(encodeHex(report.configId), expected.configId);
  assert.equal(report.configSvn, expected.configSvn);
  assert.equal(encodeHex(report.isvFamilyId), expected.isvFamilyId);
  assert.equal(encodeHex(report.isvExtProdId), expected.isvExtProdId);
}

describe("SGX quotes, real and synthetic", { skip: skipWithoutVectors }, () => {
  it("are all there", () => {
    assert.ok(vectors.length >= 94, `${vectors.length} entries`);
  });

  testVerdicts(vectors, expectReport);

  it("verify again with collateral that was verified once, and with the file form written anew", () =>
    expectReuse(vectors));
});
