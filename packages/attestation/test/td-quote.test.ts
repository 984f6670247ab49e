import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, encodeHex, encodeUtf8 } from "@sealserve/core";
import type { TdQuoteOptions } from "@sealserve/simulator";
import { parseIntelQuote, parseSgxQuote } from "../src/quote/intel-quote.ts";
import { parseTdAttributes } from "../src/quote/td-attributes.ts";
import { ENCLAVE, MR_ENCLAVE, patched, REPORT_DATA, refusal, vendor } from "./simulated.ts";
import { QUOTE_FORMS, REGISTERS, TD, TEE_TCB_SVN } from "./simulated-td.ts";

const v4 = await vendor.tdxQuote(TD);
const v5 = await vendor.tdxQuote({ ...TD, version: 5 });

async function refusesTd(overrides: Partial<TdQuoteOptions>, what: string): Promise<void> {
  const bytes = await vendor.tdxQuote({ ...TD, ...overrides });
  assert.throws(() => parseIntelQuote(bytes), refusal("quote-malformed"), what);
}

function u16(value: number): number[] {
  return [value & 0xff, value >>> 8];
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

for (const { name, tee, signed, make } of QUOTE_FORMS) {
  describe(`a quote in the form ${name}`, () => {
    it("is taken apart; its signature covers header, descriptor and body", async () => {
      const bytes = await make();
      const quote = parseIntelQuote(bytes);
      assert.equal(quote.tee, tee);
      assert.deepEqual(quote.signedBytes, bytes.subarray(0, signed));
      assert.deepEqual(quote.report.reportData, REPORT_DATA);
      assert.equal(quote.trailingLength, 0);
      assert.equal(quote.certificationData.type, 5);
      assert.equal(quote.qe.authenticationData.length, 32);
    });

    it("may stand in a larger buffer, of which nothing is read", async () => {
      const bytes = await make();
      for (const rest of [new Uint8Array(2000), new Uint8Array(9).fill(0xee)]) {
        const parsed = parseIntelQuote(concatBytes(bytes, rest));
        assert.equal(parsed.trailingLength, rest.length);
        assert.deepEqual({ ...parsed, trailingLength: 0 }, parseIntelQuote(bytes));
      }
    });

    it("is refused when cut at any length", async () => {
      const bytes = await make();
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => parseIntelQuote(bytes.subarray(0, length)), refusal("quote-malformed"), `${length} bytes`);
      }
    });

    it("is refused when its signature section is declared shorter or longer than it is", async () => {
      const bytes = await make();
      const length = bytes.length - signed - 4;
      for (const wrong of [0, 127, length - 1, length + 1, 0x7fff_ffff, 0xffff_ffff]) {
        const cut = patched(bytes, signed, u32(wrong));
        assert.throws(() => parseIntelQuote(cut), refusal("quote-malformed"), `${wrong}`);
      }
    });

    it("is refused in any other version", async () => {
      const bytes = await make();
      for (const version of [0, 1, 2, 6, 7, 0x0103, 0x0400, 0xffff]) {
        const other = patched(bytes, 0, u16(version));
        assert.throws(() => parseIntelQuote(other), refusal("quote-version-unsupported"), `${version}`);
      }
    });

    it("is refused with another key type or vendor", async () => {
      const bytes = await make();
      for (const type of [0, 1, 3, 0x0102, 0x0200]) {
        assert.throws(() => parseIntelQuote(patched(bytes, 2, u16(type))), refusal("quote-key-type-unsupported"));
      }
      for (let offset = 12; offset < 28; offset++) {
        const other = patched(bytes, offset, [(bytes[offset] ?? 0) ^ 0x80]);
        assert.throws(() => parseIntelQuote(other), refusal("quote-qe-vendor-unknown"));
      }
    });

    it("is refused with a TEE type that is not that of its body", async () => {
      const bytes = await make();
      const other = tee === "sgx" ? 0x81 : 0;
      for (const type of [other, 1, 0x80, 0x82, 0x8100, 0x0100_0081, 0x8100_0000, 0xffff_ffff]) {
        const wrong = patched(bytes, 4, u32(type));
        assert.throws(() => parseIntelQuote(wrong), refusal("quote-malformed"), `TEE type ${type}`);
      }
    });
  });
}

describe("a TDX quote", () => {
  it("names each register of its body", async () => {
    for (const { version, bodyType } of [{ version: 4 }, { version: 5, bodyType: 2 }, { version: 5 }] as const) {
      const form = bodyType === undefined ? { version } : { version, bodyType };
      const fields = {
        ...REGISTERS,
        mrSeam: "c0".repeat(48),
        mrSignerSeam: "c1".repeat(48),
        seamAttributes: "c2".repeat(8),
        tdAttributes: "0123456789abcdef",
        xfam: "fedcba9876543210",
      };
      const { report, tee } = parseIntelQuote(await vendor.tdxQuote({ ...TD, ...fields, ...form }));
      assert.ok(tee === "tdx");
      const { teeTcbSvn, teeTcbSvn2: _, mrServiceTd: __, tdAttributes, xfam, reportData, ...registers } = report;
      const hex = Object.fromEntries(Object.entries(registers).map(([key, value]) => [key, encodeHex(value)]));
      assert.deepEqual({ ...hex, tdAttributes: encodeHex(tdAttributes.raw), xfam: "fedcba9876543210" }, fields);
      assert.equal(xfam, 0x1032_5476_98ba_dcfen);
      assert.equal(tdAttributes.flags, 0xefcd_ab89_6745_2301n);
      assert.deepEqual([...teeTcbSvn], TEE_TCB_SVN);
      assert.deepEqual(reportData, REPORT_DATA);
    }
  });

  it("has the module that runs now and service TDs in a body of TDX 1.5 alone", async () => {
    const fields = { teeTcbSvn2: "0a0b".repeat(8), mrServiceTd: "0c".repeat(48) };
    const newer = parseIntelQuote(await vendor.tdxQuote({ ...TD, ...fields, version: 5 }));
    assert.ok(newer.tee === "tdx" && newer.report.teeTcbSvn2 && newer.report.mrServiceTd);
    assert.equal(encodeHex(newer.report.teeTcbSvn2), fields.teeTcbSvn2);
    assert.equal(encodeHex(newer.report.mrServiceTd), fields.mrServiceTd);
    for (const bytes of [v4, await vendor.tdxQuote({ ...TD, version: 5, bodyType: 2 })]) {
      const older = parseIntelQuote(bytes);
      assert.ok(older.tee === "tdx");
      assert.deepEqual([older.report.teeTcbSvn2, older.report.mrServiceTd], [undefined, undefined]);
    }
  });

  it("has a header of which only the version decides what is read", async () => {
    const header = { qeSvn: 0x0102, pceSvn: 0x0304, userData: "77".repeat(20) };
    const { header: parsed, report } = parseIntelQuote(await vendor.tdxQuote({ ...TD, header }));
    assert.equal(encodeHex(parsed.userData), header.userData);
    assert.deepEqual([parsed.qeSvn, parsed.pceSvn], [0x0102, 0x0304]);
    assert.deepEqual(report, parseIntelQuote(v4).report);
  });

  it("is refused under the version of another form", () => {
    for (const [bytes, version] of [
      [v4, 3],
      [v4, 5],
      [v5, 3],
      [v5, 4],
    ] as const) {
      assert.throws(() => parseIntelQuote(patched(bytes, 0, u16(version))), refusal("quote-malformed"));
    }
  });

  it("is no SGX quote", () => {
    for (const bytes of [v4, v5]) {
      assert.throws(() => parseSgxQuote(bytes), refusal("quote-tee-mismatch"));
    }
  });
});

describe("the descriptor of a body", () => {
  it("is refused with a type that does not exist", async () => {
    for (const type of [0, 4, 5, 0x0103, 0x0300, 0xffff]) {
      await refusesTd({ version: 5, bodyDescriptor: { type } }, `type ${type}`);
    }
  });

  it("is refused with a size that is not that of its type, whatever follows", async () => {
    for (const [bodyType, sizes] of [
      [2, [0, 384, 583, 585, 648, 0xffff_ffff]],
      [3, [0, 384, 584, 647, 649, 0xffff_ffff]],
    ] as const) {
      for (const size of sizes) {
        await refusesTd({ version: 5, bodyType, bodyDescriptor: { size } }, `type ${bodyType} of ${size} bytes`);
      }
    }
  });

  it("is refused with the type of another TEE", async () => {
    await refusesTd({ version: 5, bodyDescriptor: { type: 1, size: 384 } }, "an enclave in a TDX quote");
    for (const [type, size] of [
      [2, 584],
      [3, 648],
    ] as const) {
      const bytes = await vendor.quote({ ...ENCLAVE, version: 5, bodyDescriptor: { type, size } });
      assert.throws(() => parseIntelQuote(bytes), refusal("quote-malformed"), "a TD in an SGX quote");
    }
  });

  it("is refused with the type of the other body of TDX", async () => {
    await refusesTd({ version: 5, bodyType: 3, bodyDescriptor: { type: 2 } }, "1.5 called 1.0");
    await refusesTd({ version: 5, bodyType: 2, bodyDescriptor: { type: 3 } }, "1.0 called 1.5");
    // With the size of the type as well, the signature section is read from the wrong place.
    await refusesTd({ version: 5, bodyType: 3, bodyDescriptor: { type: 2, size: 584 } }, "1.5 read as 1.0");
    await refusesTd({ version: 5, bodyType: 2, bodyDescriptor: { type: 3, size: 648 } }, "1.0 read as 1.5");
  });

  it("is covered by the signature", () => {
    assert.deepEqual([...parseIntelQuote(v5).signedBytes.subarray(48, 54)], [3, 0, ...u32(648)]);
  });
});

describe("certification data of versions 4 and 5", () => {
  it("is refused unless it is of type 6", async () => {
    for (const version of [4, 5] as const) {
      for (const type of [0, 1, 2, 3, 4, 5, 7, 0x0106, 0x0600]) {
        await refusesTd({ version, outerCertification: { type } }, `type ${type}`);
      }
    }
  });

  it("is refused with a size that does not reach exactly to the end of the section", async () => {
    const { length } = v4.subarray(632 + 4 + 128 + 6);
    for (const size of [0, 1, 449, length - 1, length + 1, 0x7fff_ffff, 0xffff_ffff]) {
      await refusesTd({ outerCertification: { size } }, `${size} bytes of ${length}`);
    }
  });

  it("is refused when something stands behind it in the section", () => {
    for (const [bytes, signed] of [
      [v4, 632],
      [v5, 702],
    ] as const) {
      const longer = concatBytes(patched(bytes, signed, u32(bytes.length - signed - 4 + 1)), Uint8Array.of(0));
      assert.throws(() => parseIntelQuote(longer), refusal("quote-malformed"));
    }
  });

  it("is refused when something stands behind its content, though all sizes count it", async () => {
    for (const version of [4, 5] as const) {
      await refusesTd({ version, sectionPadding: new Uint8Array(1) }, "one byte");
      await refusesTd({ version, sectionPadding: new Uint8Array(600) }, "600 bytes");
    }
  });

  it("is refused when it nests itself, once or often", async () => {
    const empty = new Uint8Array();
    await refusesTd({ certificationData: { type: 6, data: empty } }, "type 6 without content");
    let nested = concatBytes(Uint8Array.from(u16(5)), Uint8Array.from(u32(0)));
    while (nested.length < 8000) {
      nested = concatBytes(Uint8Array.from([...u16(6), ...u32(nested.length)]), nested);
    }
    await refusesTd({ certificationData: { type: 6, data: nested } }, "type 6 all the way down");
    const inner = v4.subarray(632 + 4 + 128 + 6);
    await refusesTd({ certificationData: { type: 6, data: inner } }, "type 6 with true content");
  });

  it("holds authentication data of any length, but no more than there is", async () => {
    for (const length of [0, 1, 33, 4000]) {
      const authenticationData = new Uint8Array(length).fill(9);
      const bytes = await vendor.tdxQuote({ ...TD, authenticationData });
      assert.deepEqual(parseIntelQuote(bytes).qe.authenticationData, authenticationData);
    }
    for (const authenticationDataSize of [0, 31, 33, 0xffff]) {
      await refusesTd({ authenticationDataSize }, `${authenticationDataSize} bytes of 32`);
    }
  });

  it("holds the types that stand in version 3", async () => {
    const sizes = [
      [1, 36],
      [2, 276],
      [3, 404],
      [4, 10],
      [7, 0],
    ] as const;
    for (const [type, length] of sizes) {
      const certificationData = { type, data: new Uint8Array(length).fill(7) };
      const quote = parseIntelQuote(await vendor.tdxQuote({ ...TD, certificationData }));
      assert.equal(quote.certificationData.type, type);
      assert.equal(quote.certificationData.platform !== undefined, type <= 3);
      assert.equal(quote.certificationData.pckCertificateChain, undefined);
    }
    for (const size of [0, 99, 101, 0xffff_ffff]) {
      const certificationData = { type: 5, data: encodeUtf8("x".repeat(100)), size };
      await refusesTd({ certificationData }, `${size} bytes of 100`);
    }
  });
});

describe("an SGX quote of version 4 or 5", () => {
  it("says the same as one of version 3", async () => {
    const { header: _, raw: __, signedBytes: ___, ...expected } = parseSgxQuote(await vendor.quote(ENCLAVE));
    for (const version of [4, 5] as const) {
      const quote = parseSgxQuote(await vendor.quote({ ...ENCLAVE, version }));
      assert.equal(encodeHex(quote.report.mrEnclave), MR_ENCLAVE);
      assert.deepEqual(quote.report, expected.report);
      assert.deepEqual(quote.qe.report, expected.qe.report);
      assert.deepEqual(quote.certificationData, expected.certificationData);
    }
  });
});

describe("the attributes of a trust domain", () => {
  it("are told apart bit by bit", () => {
    for (let bit = 0; bit < 64; bit++) {
      const raw = new Uint8Array(8);
      raw[bit >> 3] = 1 << (bit & 7);
      const { flags, debug, septVeDisable, migratable } = parseTdAttributes(raw);
      assert.equal(flags, 1n << BigInt(bit));
      assert.deepEqual([debug, septVeDisable, migratable], [bit < 8, bit === 28, bit === 29], `bit ${bit}`);
    }
  });

  it("are read where they stand, also in the middle of a buffer", () => {
    const buffer = new Uint8Array(24).fill(0xff);
    buffer.fill(0, 8, 16);
    assert.equal(parseTdAttributes(buffer.subarray(8, 16)).flags, 0n);
    assert.equal(parseTdAttributes(new Uint8Array(8).fill(0xff)).flags, 0xffff_ffff_ffff_ffffn);
  });
});
