import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteReader, CoreError, decodeHex, encodeHex, encodeUtf8, sha384 } from "@sealserve/core";
import { QUOTING_ENCLAVES } from "../src/vendor/quoting-enclave.ts";
import type { TdQuoteOptions } from "../src/vendor/td-quote.ts";
import type { TdReportFields } from "../src/vendor/td-report-body.ts";
import { MR_SEAM } from "../src/vendor/tdx-module.ts";
import { createVendor } from "../src/vendor/vendor.ts";
import { proofsOf, readQuote } from "./read-quote.ts";
import { now, reportData, stranger, strangerKey, vendor } from "./verdict.ts";

const mrTd = "7d".repeat(48);
const zero = "00".repeat(48);
const quoteOf = (options: Partial<TdQuoteOptions> = {}): Promise<Uint8Array> =>
  vendor.tdxQuote({ mrTd, reportData, ...options });

/** Fields of a TD report in their order, as hex. */
function readTdReport(body: Uint8Array): Record<keyof TdReportFields, string | undefined> {
  const reader = new ByteReader(body);
  const hex = (length: number): string => encodeHex(reader.bytes(length));
  const fields = {
    teeTcbSvn: hex(16),
    mrSeam: hex(48),
    mrSignerSeam: hex(48),
    seamAttributes: hex(8),
    tdAttributes: hex(8),
    xfam: hex(8),
    mrTd: hex(48),
    mrConfigId: hex(48),
    mrOwner: hex(48),
    mrOwnerConfig: hex(48),
    rtMr0: hex(48),
    rtMr1: hex(48),
    rtMr2: hex(48),
    rtMr3: hex(48),
    reportData: hex(64),
  };
  assert.equal(reader.offset, 584);
  const more = reader.remaining === 0 ? {} : { teeTcbSvn2: hex(16), mrServiceTd: hex(48) };
  reader.expectEnd("TD report");
  return { teeTcbSvn2: undefined, mrServiceTd: undefined, ...fields, ...more };
}

const usual = {
  teeTcbSvn: "04030c00000000000000000000000000",
  mrSeam: MR_SEAM,
  mrSignerSeam: zero,
  seamAttributes: "0000000000000000",
  tdAttributes: "0000001000000000",
  xfam: "e702060000000000",
  mrTd,
  mrConfigId: zero,
  mrOwner: zero,
  mrOwnerConfig: zero,
  rtMr0: zero,
  rtMr1: zero,
  rtMr2: zero,
  rtMr3: zero,
  reportData: encodeHex(reportData),
};

describe("TDX quote", () => {
  it("is version 4 with a TD report 1.0 unless asked otherwise", async () => {
    const quote = readQuote(await quoteOf());
    assert.deepEqual([quote.version, quote.keyType, quote.teeType, quote.reserved], [4, 2, 0x81, [0, 0]]);
    assert.equal(quote.qeVendor, "939a7233f79c4ca9940a0db3957f0607");
    assert.deepEqual([quote.signed.length, quote.descriptor, quote.outer?.type], [632, undefined, 6]);
    assert.deepEqual(readTdReport(quote.body), { ...usual, teeTcbSvn2: undefined, mrServiceTd: undefined });
    assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
  });

  it("is version 5 with a TD report 1.5, which names the module that runs now", async () => {
    const quote = readQuote(await quoteOf({ version: 5 }));
    assert.deepEqual(quote.descriptor, { type: 3, size: 648 });
    assert.equal(quote.signed.length, 702);
    assert.deepEqual(readTdReport(quote.body), { ...usual, teeTcbSvn2: usual.teeTcbSvn, mrServiceTd: zero });
    assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
  });

  it("is version 5 with a TD report 1.0", async () => {
    const quote = readQuote(await quoteOf({ version: 5, bodyType: 2 }));
    assert.deepEqual(quote.descriptor, { type: 2, size: 584 });
    assert.equal(quote.signed.length, 638);
    assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
  });

  it("carries the PCK chain, leaf first, with a NUL at its end", async () => {
    const { certification } = readQuote(await quoteOf());
    assert.equal(certification.type, 5);
    assert.deepEqual(certification.data, encodeUtf8(`${vendor.pckChainPem}\0`));
  });

  it("is certified by the TD quoting enclave of the machine", async () => {
    const { qeReport } = readQuote(await quoteOf());
    const { mrEnclave, mrSigner, isvProdId, isvSvn } = QUOTING_ENCLAVES.tdx;
    assert.equal(encodeHex(qeReport.subarray(0, 16)), encodeHex(Uint8Array.from(vendor.machine.componentSvns)));
    assert.equal(encodeHex(qeReport.subarray(48, 64)), `1500000000000000e700000000000000`);
    assert.equal(encodeHex(qeReport.subarray(64, 96)), mrEnclave);
    assert.equal(encodeHex(qeReport.subarray(128, 160)), mrSigner);
    const products = new ByteReader(qeReport.subarray(256));
    assert.deepEqual([products.u16(), products.u16()], [isvProdId, isvSvn]);
  });

  it("names the simulated module by a digest of its own", async () => {
    assert.equal(MR_SEAM, encodeHex(await sha384(encodeUtf8("Sealserve simulator TDX module, NOT SECURE"))));
  });
});

describe("overrides of a TDX quote", () => {
  it("reach every field of the report", async () => {
    const fields = Object.fromEntries(
      Object.entries({ ...usual, teeTcbSvn2: "00".repeat(16), mrServiceTd: zero }).map(([name, value], index) => [
        name,
        (0x11 + index).toString(16).repeat(value.length / 2),
      ]),
    );
    const options = { ...fields, mrTd: fields["mrTd"] ?? "", reportData: decodeHex(fields["reportData"] ?? "") };
    const quote = readQuote(await quoteOf({ version: 5, ...options }));
    assert.deepEqual(readTdReport(quote.body), fields);
    assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
  });

  it("take the TEE TCB SVN of another machine", async () => {
    const old = await createVendor({ now, teeTcbSvn: [7, 0, 12, ...Array.from({ length: 13 }, () => 0)] });
    const { body } = readQuote(await old.tdxQuote({ mrTd, reportData }));
    assert.equal(readTdReport(body).teeTcbSvn, "07000c00000000000000000000000000");
  });

  it("reach the header", async () => {
    const header = {
      version: 9,
      attestationKeyType: 3,
      teeType: 0,
      qeSvn: 1,
      pceSvn: 2,
      qeVendor: "ab".repeat(16),
      userData: "cd".repeat(20),
    };
    const reader = new ByteReader(await quoteOf({ header }));
    assert.deepEqual([reader.u16(), reader.u16(), reader.u32(), reader.u16(), reader.u16()], [9, 3, 0, 1, 2]);
    assert.equal(encodeHex(reader.bytes(36)), header.qeVendor + header.userData);
  });

  it("make the descriptor lie, under a valid signature", async () => {
    for (const descriptor of [{ type: 1 }, { type: 9 }, { size: 584 }, { size: 0 }, { size: 0xffff_ffff }]) {
      const quote = readQuote(await quoteOf({ version: 5, bodyDescriptor: descriptor }), 648);
      assert.deepEqual(quote.descriptor, { type: 3, size: 648, ...descriptor });
      assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
    }
  });

  it("change what stands around the QE report", async () => {
    const quote = await quoteOf({ outerCertification: { type: 5, size: 12 } });
    const reader = new ByteReader(quote.subarray(632 + 4 + 128));
    assert.deepEqual([reader.u16(), reader.u32()], [5, 12]);
  });

  it("nest type 6 in type 6, or hint at the platform only", async () => {
    for (const type of [1, 3, 6, 7]) {
      const quote = readQuote(await quoteOf({ certificationData: { type, data: new Uint8Array(404) } }));
      assert.deepEqual(quote.certification, { type, data: new Uint8Array(404) });
    }
  });

  it("make each of the three proofs fail alone", async () => {
    const proofs = async (options: Partial<TdQuoteOptions>) => proofsOf(readQuote(await quoteOf(options)), vendor);
    assert.deepEqual(await proofs({ quoteSigner: strangerKey }), [false, true, true]);
    assert.deepEqual(await proofs({ qeReport: { reportData: new Uint8Array(64) } }), [true, false, true]);
    assert.deepEqual(await proofs({ qeReportSigner: stranger.pck.key }), [true, true, false]);
  });

  it("fill a buffer of fixed size", async () => {
    const quote = await quoteOf();
    const filled = await quoteOf({ trailing: new Uint8Array(8000 - quote.length) });
    assert.equal(filled.length, 8000);
    assert.equal(readQuote(filled).trailing.length, 8000 - quote.length);
  });

  it("are refused where a value does not fit its field", async () => {
    await assert.rejects(quoteOf({ mrTd: "7d".repeat(32) }), CoreError);
    await assert.rejects(quoteOf({ tdAttributes: "0x00000010000000" }), CoreError);
    await assert.rejects(quoteOf({ teeTcbSvn2: "00", version: 5 }), CoreError);
    await assert.rejects(quoteOf({ reportData: new Uint8Array(63) }), { code: "bad-argument" });
  });
});
