// Every TDX quote of the public attestation vectors, by the scoring rules of their description: version 4 and 5, real
// evidence with the collateral of its time, and synthetic evidence under throw-away roots.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IntelQuote, TdReportBody } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import { expectReuse, type QuoteFields, type QuoteVector, testVerdicts } from "../support/quote-vectors.ts";
import { readVectorManifest, skipWithoutVectors } from "../support/vectors.ts";

/** Registers that entries name as the parsed report does. */
const REGISTERS = [
  "teeTcbSvn",
  "mrSeam",
  "mrSignerSeam",
  "seamAttributes",
  "mrTd",
  "mrConfigId",
  "mrOwner",
  "mrOwnerConfig",
  "rtMr0",
  "rtMr1",
  "rtMr2",
  "rtMr3",
  "teeTcbSvn2",
  "mrServiceTd",
] as const satisfies readonly (keyof TdReportBody)[];

interface TdxFields extends QuoteFields, Readonly<Partial<Record<(typeof REGISTERS)[number], string>>> {
  readonly tdAttributes: string;
  readonly xfam: string;
  readonly septVeDisable: boolean;
}

const vectors = await readVectorManifest<QuoteVector<TdxFields>>("tdx-quote-v4", "tdx-quote-v5");

function expectReport(quote: IntelQuote, expected: TdxFields): void {
  assert.ok(quote.tee === "tdx");
  const { report } = quote;
  for (const name of REGISTERS) {
    const register = report[name];
    assert.equal(register && encodeHex(register), expected[name], name);
  }
  assert.equal(encodeHex(report.tdAttributes.raw), expected.tdAttributes);
  assert.equal(report.tdAttributes.debug, expected.debug);
  assert.equal(report.tdAttributes.septVeDisable, expected.septVeDisable);
  assert.equal(littleEndianHex(report.xfam), expected.xfam);
}

function littleEndianHex(value: bigint): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return encodeHex(bytes);
}

describe("TDX quotes, real and synthetic", { skip: skipWithoutVectors }, () => {
  it("are all there", () => {
    assert.ok(vectors.length >= 72, `${vectors.length} entries`);
  });

  testVerdicts(vectors, expectReport);

  it("verify again with collateral that was verified once, and with the file form written anew", () =>
    expectReuse(vectors));
});
