import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeHex, encodeUtf8 } from "@sealserve/core";
import { parseEvidence } from "../src/evidence.ts";
import { parseSgxQuote, QUOTE_MAX_LENGTH } from "../src/quote/intel-quote.ts";
import { ENCLAVE, flipped, MR_ENCLAVE, MR_SIGNER, patched, REPORT_DATA, refusal, vendor } from "./simulated.ts";

const SIGNATURE_LENGTH_OFFSET = 432;

const quote = await vendor.quote(ENCLAVE);

function certified(type: number, data: Uint8Array): Promise<Uint8Array> {
  return vendor.quote({ ...ENCLAVE, certificationData: { type, data } });
}

describe("an SGX quote of version 3", () => {
  it("is taken apart into header, report, signatures and certification data", () => {
    const parsed = parseSgxQuote(quote);
    assert.equal(parsed.tee, "sgx");
    assert.equal(parsed.header.version, 3);
    assert.equal(encodeHex(parsed.report.mrEnclave), MR_ENCLAVE);
    assert.equal(encodeHex(parsed.report.mrSigner), MR_SIGNER);
    assert.equal(parsed.report.isvProdId, 7);
    assert.equal(parsed.report.isvSvn, 3);
    assert.deepEqual(parsed.report.reportData, REPORT_DATA);
    assert.equal(parsed.report.attributes.debug, false);
    assert.equal(parsed.report.attributes.init, true);
    assert.equal(parsed.signedBytes.length, 432);
    assert.equal(parsed.raw.length, quote.length);
    assert.equal(parsed.certificationData.type, 5);
    assert.ok(parsed.certificationData.pckCertificateChain);
  });

  it("names each attribute by its bit", async () => {
    const flags = { debug: 1, provisionKey: 4, einitTokenKey: 5, kss: 7 } as const;
    for (const [name, bit] of Object.entries(flags)) {
      const bytes = await vendor.quote({ ...ENCLAVE, attributes: { flags: 1n << BigInt(bit) } });
      const { attributes } = parseSgxQuote(bytes).report;
      const set = Object.keys(flags).filter((flag) => attributes[flag as keyof typeof flags]);
      assert.deepEqual(set, [name]);
      assert.equal(attributes.init, false);
    }
  });

  it("may stand in a larger buffer, of which nothing is read", () => {
    for (const rest of [new Uint8Array(100), new Uint8Array(100).fill(7)]) {
      const parsed = parseSgxQuote(concatBytes(quote, rest));
      assert.equal(parsed.trailingLength, 100);
      assert.deepEqual({ ...parsed, trailingLength: 0 }, parseSgxQuote(quote));
    }
  });

  it("is refused when cut at any length", () => {
    for (let length = 0; length < quote.length; length++) {
      assert.throws(() => parseSgxQuote(quote.subarray(0, length)), refusal("quote-malformed"), `${length} bytes`);
    }
  });

  it("is refused above the size limit before it is read", () => {
    assert.throws(() => parseSgxQuote(new Uint8Array(QUOTE_MAX_LENGTH + 1)), refusal("quote-too-large"));
  });

  it("is refused when a declared size does not consume exactly what is there", () => {
    const sectionLength = quote.length - SIGNATURE_LENGTH_OFFSET - 4;
    const authenticationLengthOffset = SIGNATURE_LENGTH_OFFSET + 4 + 576;
    const wrong = {
      "signature section one byte short": patchU32(SIGNATURE_LENGTH_OFFSET, sectionLength - 1),
      "signature section one byte long": patchU32(SIGNATURE_LENGTH_OFFSET, sectionLength + 1),
      "signature section of 4 GiB": patchU32(SIGNATURE_LENGTH_OFFSET, 0xffff_ffff),
      "authentication data of 64 KiB": patched(quote, authenticationLengthOffset, [0xff, 0xff]),
      "authentication data one byte long": patched(quote, authenticationLengthOffset, [33, 0]),
      "certification data one byte short": flipped(quote, authenticationLengthOffset + 2 + 32 + 2),
    };
    for (const [what, bytes] of Object.entries(wrong)) {
      assert.throws(() => parseSgxQuote(bytes), refusal("quote-malformed"), what);
    }
  });

  it("is refused when its signature section holds more than its parts", () => {
    const sectionLength = quote.length - SIGNATURE_LENGTH_OFFSET - 4;
    const longer = concatBytes(patchU32(SIGNATURE_LENGTH_OFFSET, sectionLength + 1), Uint8Array.of(0));
    assert.throws(() => parseSgxQuote(longer), refusal("quote-malformed"));
  });

  it("is refused with another version, key type, TEE type or vendor", async () => {
    const cases = [
      [{ version: 2 }, "quote-version-unsupported"],
      [{ version: 4 }, "quote-malformed"],
      [{ version: 6 }, "quote-version-unsupported"],
      [{ attestationKeyType: 3 }, "quote-key-type-unsupported"],
      [{ teeType: 0x81 }, "quote-malformed"],
      [{ qeVendor: "00".repeat(16) }, "quote-qe-vendor-unknown"],
    ] as const;
    for (const [header, code] of cases) {
      const bytes = await vendor.quote({ ...ENCLAVE, header });
      assert.throws(() => parseSgxQuote(bytes), refusal(code));
    }
  });
});

describe("certification data", () => {
  it("of types 1 to 3 gives hints for the look-up of the PCK certificate", async () => {
    const rawTcb = Uint8Array.from({ length: 20 }, (_, index) => index);
    for (const [type, ppidLength] of [
      [1, 16],
      [2, 256],
      [3, 384],
    ] as const) {
      const bytes = await certified(type, concatBytes(new Uint8Array(ppidLength).fill(9), rawTcb));
      const { platform, pckCertificateChain } = parseSgxQuote(bytes).certificationData;
      assert.equal(platform?.ppid.length, ppidLength);
      assert.equal(encodeHex(platform.cpuSvn), "000102030405060708090a0b0c0d0e0f");
      assert.equal(platform.pceSvn, 0x1110);
      assert.equal(platform.pceId, "1213");
      assert.equal(pckCertificateChain, undefined);
    }
  });

  it("of type 1 in the 34 bytes of an early sample is kept without hints", async () => {
    const { certificationData } = parseSgxQuote(await certified(1, new Uint8Array(34)));
    assert.equal(certificationData.platform, undefined);
    assert.equal(certificationData.data.length, 34);
  });

  it("of types 4 and 7 is kept as it stands", async () => {
    for (const type of [4, 7]) {
      const { certificationData } = parseSgxQuote(await certified(type, encodeUtf8("opaque")));
      assert.deepEqual(certificationData.data, encodeUtf8("opaque"));
      assert.equal(certificationData.pckCertificateChain, undefined);
    }
  });

  it("is refused with a size that its type does not have", async () => {
    for (const type of [2, 3]) {
      for (const length of [0, 275, 277, 403, 405]) {
        const bytes = await certified(type, new Uint8Array(length));
        assert.throws(() => parseSgxQuote(bytes), refusal("quote-malformed"));
      }
    }
  });

  it("is refused with a type that does not stand in version 3", async () => {
    for (const type of [0, 6, 8, 0xffff]) {
      const bytes = await certified(type, new Uint8Array(16));
      assert.throws(() => parseSgxQuote(bytes), refusal("quote-malformed"), `type ${type}`);
    }
  });
});

describe("evidence", () => {
  it("is told apart by its content", () => {
    assert.equal(parseEvidence(quote).tee, "sgx");
  });

  it("of no known kind is refused", () => {
    const kinds = {
      "quote of version 2": patched(quote, 0, [2, 0]),
      "quote of version 6": patched(quote, 0, [6, 0]),
      "no bytes": new Uint8Array(),
      "one byte": Uint8Array.of(3),
      text: encodeUtf8("not evidence"),
    };
    for (const [what, bytes] of Object.entries(kinds)) {
      assert.throws(() => parseEvidence(bytes), { name: "AttestationError" }, what);
    }
  });

  it("with the version of an SGX quote and the size of a SEV-SNP report is read as a quote", () => {
    const bytes = new Uint8Array(1184);
    bytes.set(quote.subarray(0, 1184));
    assert.throws(() => parseEvidence(bytes), refusal("quote-malformed"));
  });
});

function patchU32(offset: number, value: number): Uint8Array {
  return patched(quote, offset, [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
}
