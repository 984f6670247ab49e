import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AttestationErrorCode, parseSgxQuote } from "@sealserve/attestation";
import { ByteReader, CoreError, encodeHex, encodeUtf8, sha256 } from "@sealserve/core";
import { QUOTING_ENCLAVES } from "../src/vendor/quoting-enclave.ts";
import type { SectionOverrides } from "../src/vendor/signature-section.ts";
import { proofsOf, readQuote } from "./read-quote.ts";
import { mrEnclave, refused, reportData, stranger, strangerKey, vendor, verify } from "./verdict.ts";

describe("forms of an SGX quote", () => {
  it("is version 3 unless asked otherwise, with the SVN of the quoting enclave in the header", async () => {
    const quote = readQuote(await vendor.quote({ mrEnclave, reportData }));
    assert.deepEqual([quote.version, quote.keyType, quote.teeType, quote.reserved], [3, 2, 0, [8, 0]]);
    assert.deepEqual([quote.signed.length, quote.descriptor, quote.outer], [432, undefined, undefined]);
    assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
  });

  it("is version 4 with the same body, its report data nested in type 6", async () => {
    const quote = readQuote(await vendor.quote({ mrEnclave, reportData, version: 4 }));
    assert.deepEqual([quote.version, quote.keyType, quote.teeType, quote.reserved], [4, 2, 0, [0, 0]]);
    assert.deepEqual([quote.signed.length, quote.outer?.type, quote.certification.type], [432, 6, 5]);
    assert.equal(encodeHex(quote.body.subarray(64, 96)), mrEnclave);
    assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
  });

  it("is version 5 with a descriptor, which the signature covers", async () => {
    const quote = readQuote(await vendor.quote({ mrEnclave, reportData, version: 5 }));
    assert.deepEqual(quote.descriptor, { type: 1, size: 384 });
    assert.equal(quote.signed.length, 438);
    assert.deepEqual(await proofsOf(quote, vendor), [true, true, true]);
  });

  it("differs between versions 3 and 4 by six bytes of nesting", async () => {
    const [third, fourth] = await Promise.all(
      ([3, 4] as const).map(async (version) => (await vendor.quote({ mrEnclave, reportData, version })).length),
    );
    assert.equal((fourth ?? 0) - (third ?? 0), 6);
  });
});

describe("overrides of the signature section", () => {
  const quoteWith = (overrides: SectionOverrides): Promise<Uint8Array> =>
    vendor.quote({ mrEnclave, reportData, ...overrides });

  it("puts bytes behind the section that nothing counts", async () => {
    const quote = await quoteWith({ trailing: new Uint8Array(70) });
    assert.equal(readQuote(quote).trailing.length, 70);
    assert.equal(parseSgxQuote(quote).header.version, 3);
    await verify({ quote: { trailing: new Uint8Array(3000) } });
  });

  it("makes a point that is not on the curve, for which the quoting enclave vouches all the same", async () => {
    const quote = readQuote(await quoteWith({ attestationPublicKey: new Uint8Array(64).fill(1) }));
    assert.deepEqual(quote.publicKey, new Uint8Array(64).fill(1));
    assert.deepEqual(await proofsOf(quote, vendor), [false, true, true]);
  });

  it("lets a stranger sign either part", async () => {
    const bySigner = readQuote(await quoteWith({ quoteSigner: strangerKey }));
    assert.deepEqual(await proofsOf(bySigner, vendor), [false, true, true]);
    const byPck = readQuote(await quoteWith({ qeReportSigner: stranger.pck.key }));
    assert.deepEqual(await proofsOf(byPck, vendor), [true, true, false]);
  });

  it("takes the place of either signature", async () => {
    const ones = new Uint8Array(64).fill(1);
    const quote = readQuote(await quoteWith({ quoteSignature: ones, qeReportSignature: ones }));
    assert.deepEqual([quote.signature, quote.qeReportSignature], [ones, ones]);
  });

  it("lies about sizes, and nothing else moves", async () => {
    const proper = await quoteWith({});
    const certificationData = { ...readQuote(proper).certification, size: 7 };
    const lies: readonly [offset: number, declared: number, overrides: SectionOverrides][] = [
      [432, 0xffffffff, { sectionSize: 0xffffffff }],
      [436 + 576, 0xffff, { authenticationDataSize: 0xffff }],
      [436 + 580 + 32, 7, { certificationData }],
    ];
    for (const [offset, declared, overrides] of lies) {
      const lying = await quoteWith(overrides);
      assert.equal(lying.length, proper.length);
      const reader = new ByteReader(lying.subarray(offset));
      assert.equal(declared === 0xffff ? reader.u16() : reader.u32(), declared);
      assert.throws(() => readQuote(lying), CoreError);
    }
  });

  it("pads inside the section, which counts the padding", async () => {
    const padded = await quoteWith({ sectionPadding: new Uint8Array(5) });
    assert.throws(() => readQuote(padded), { code: "trailing-bytes" });
    const proper = await quoteWith({});
    const length = (quote: Uint8Array): number => new ByteReader(quote.subarray(432)).u32();
    assert.equal(length(padded) - length(proper), 5);
  });

  const faults: [string, AttestationErrorCode, SectionOverrides][] = [
    ["another key's signature over zero", "quote-signature-invalid", { quoteSignature: new Uint8Array(64) }],
    ["an invented QE signature", "qe-report-signature-invalid", { qeReportSignature: new Uint8Array(64).fill(1) }],
    ["a section longer than the quote", "quote-malformed", { sectionSize: 0xffff }],
    ["a section shorter than its content", "quote-malformed", { sectionSize: 1000 }],
    ["authentication data of another size", "quote-malformed", { authenticationDataSize: 0xffff }],
    ["padding inside the section", "quote-malformed", { sectionPadding: new Uint8Array(1) }],
    [
      "certification data of another size",
      "quote-malformed",
      { certificationData: { type: 5, data: encodeUtf8(vendor.pckChainPem), size: 100 } },
    ],
    ["a point off the curve", "quote-signature-invalid", { attestationPublicKey: new Uint8Array(64).fill(1) }],
  ];
  for (const [what, code, quote] of faults) {
    it(`is refused: ${what}`, () => refused(code, { quote }));
  }
});

describe("quoting enclaves", () => {
  it("have the measurements that their rule gives", async () => {
    const digest = async (name: string): Promise<string> =>
      encodeHex(await sha256(encodeUtf8(`Sealserve simulator ${name}, NOT SECURE`)));
    assert.equal(QUOTING_ENCLAVES.sgx.mrEnclave, await digest("quoting enclave"));
    assert.equal(QUOTING_ENCLAVES.sgx.mrSigner, await digest("quoting enclave signer"));
    assert.equal(QUOTING_ENCLAVES.tdx.mrEnclave, await digest("TD quoting enclave"));
    assert.equal(QUOTING_ENCLAVES.tdx.mrSigner, await digest("TD quoting enclave signer"));
  });

  it("are two, told apart by signer and product", () => {
    const { sgx, tdx } = QUOTING_ENCLAVES;
    assert.notEqual(sgx.mrSigner, tdx.mrSigner);
    assert.deepEqual([sgx.isvProdId, tdx.isvProdId], [1, 2]);
  });
});
