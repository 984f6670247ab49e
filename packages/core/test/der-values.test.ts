import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeHex, encodeHex } from "../src/bytes/hex.ts";
import { parseDer } from "../src/der/element.ts";
import {
  encodeBitString,
  encodeBoolean,
  encodeContext,
  encodeElement,
  encodeEnumerated,
  encodeIa5String,
  encodeInteger,
  encodeNamedBits,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeOidContent,
  encodePrintableString,
  encodeSet,
  encodeUtcOrGeneralizedTime,
  encodeUtf8String,
} from "../src/der/encode.ts";
import { derOid } from "../src/der/oid.ts";
import { derTime } from "../src/der/time.ts";
import {
  derBitString,
  derBoolean,
  derInteger,
  derNamedBits,
  derOctets,
  derSmallInteger,
  derText,
} from "../src/der/values.ts";
import type { DerElement } from "../src/index.ts";
import { assertRefused } from "./refusal.ts";

const parse = (text: string) => parseDer(decodeHex(text.replaceAll(" ", "")));
const refuses = (read: (element: DerElement) => unknown, ...texts: string[]) => {
  for (const text of texts) {
    assertRefused("bad-der", () => read(parse(text)));
  }
};
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const ascii = (tag: number, text: string) => parseDer(encodeElement(tag, latin1(text)));

describe("INTEGER", () => {
  it("round-trips", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (n) => derInteger(parseDer(encodeInteger(n))) === n),
    );
    fc.assert(fc.property(fc.maxSafeNat(), (n) => derInteger(parseDer(encodeInteger(n))) === BigInt(n)));
    fc.assert(fc.property(fc.nat(), (n) => derSmallInteger(parseDer(encodeInteger(n))) === n));
  });

  it("is written from octets without sign", () => {
    assert.equal(encodeHex(encodeInteger(Uint8Array.of(0, 0, 0xc8))), "020200c8");
    assert.equal(encodeHex(encodeInteger(new Uint8Array(4))), "020100");
    assert.equal(encodeHex(encodeInteger(new Uint8Array(0))), "020100");
    assert.equal(encodeHex(encodeInteger(300)), "0202012c");
    assert.equal(encodeHex(encodeEnumerated(2)), "0a0102");
  });

  it("reads values above 127 and negative ones", () => {
    assert.equal(derSmallInteger(parse("02 02 00c8")), 200);
    assert.equal(derInteger(parse("02 01 80")), -128n);
    assert.equal(derInteger(parse("02 02 ff7f")), -129n);
  });

  it("is refused as a number when it is longer than any that is needed", () => {
    const integer = (octets: number) => parseDer(encodeElement(0x02, new Uint8Array(octets).fill(0x7f)));
    assert.equal(derInteger(integer(2049)) >> 16_384n, 0x7fn);
    assertRefused("bad-der", () => derInteger(integer(2050)));
  });

  it("is refused empty, padded, or of another type", () => {
    refuses(derInteger, "0200", "02020001", "0202007f", "0202ff80", "0202ffff", "040101", "010101", "0a0101");
  });

  it("is refused when it does not fit a small integer", () => {
    refuses(derSmallInteger, "020180", "02050080000000", "0204ffffffff", "0200");
    assert.equal(derSmallInteger(parse("02047fffffff")), 2 ** 31 - 1);
  });

  it("is told apart from ENUMERATED, which a small one may be", () => {
    assert.equal(derSmallInteger(parseDer(encodeEnumerated(2))), 2);
    refuses(derSmallInteger, "0a00", "0a0180", "0a020002", "010101");
  });

  it("is not written when negative or not exact", () => {
    for (const value of [-1, -1n, 0.5, 2 ** 53, Number.NaN]) {
      assertRefused("bad-der", () => encodeInteger(value));
    }
  });
});

describe("BOOLEAN", () => {
  it("round-trips", () => {
    assert.equal(derBoolean(parseDer(encodeBoolean(true))), true);
    assert.equal(derBoolean(parseDer(encodeBoolean(false))), false);
  });

  it("is refused unless 0x00 or 0xff", () => refuses(derBoolean, "010101", "0100", "0102ffff", "0201ff"));
});

describe("OBJECT IDENTIFIER", () => {
  it("round-trips", () => {
    const arc = fc.bigInt({ min: 0n, max: 2n ** 64n });
    const oid = fc.oneof(
      fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 39n }), fc.array(arc, { maxLength: 5 })),
      fc.tuple(fc.constant(2n), arc, fc.array(arc, { maxLength: 5 })),
    );
    fc.assert(
      fc.property(oid, ([first, second, rest]) => {
        const text = [first, second, ...rest].join(".");
        assert.equal(derOid(parseDer(encodeOid(text))), text);
      }),
    );
  });

  it("agrees with known encodings", () => {
    assert.equal(derOid(parse("06 0a 2a864886f84d010d0102")), "1.2.840.113741.1.13.1.2");
    assert.equal(encodeHex(encodeOid("2.999.3")), "0603883703");
    assert.equal(derOid(parse("06 01 27")), "0.39");
    assert.equal(derOid(parse("06 01 50")), "2.0");
  });

  it("reads the identifier that Gramine writes with a second header inside", () => {
    const odd = encodeOidContent(decodeHex("06092a864886f84d8a3906"));
    assert.equal(derOid(parseDer(odd)), "0.6.9.42.840.113741.1337.6");
  });

  it("is refused empty, cut short, padded or too long", () => {
    refuses(
      derOid,
      "0600",
      "060180",
      "06022a86",
      "06032a8001",
      "0603808001",
      "0640".padEnd(4 + 130, "01").replace("0640", "0641"),
      "0d012a",
    );
  });

  it("is not written from text that is none", () => {
    for (const text of ["", "1", "1.", ".1", "3.1", "1.40", "0.40", "1.02", "1.-2", "1.2 ", "1.a", "1..2"]) {
      assertRefused("bad-der", () => encodeOid(text));
    }
  });
});

describe("strings", () => {
  it("round-trip", () => {
    assert.equal(derText(parseDer(encodeUtf8String("grüße 🔒"))), "grüße 🔒");
    assert.equal(derText(parseDer(encodePrintableString("Intel SGX (x) 'a'"))), "Intel SGX (x) 'a'");
    assert.equal(derText(parseDer(encodeIa5String("Milan_B0@x"))), "Milan_B0@x");
    assert.deepEqual([...derOctets(parseDer(encodeOctetString(Uint8Array.of(1, 2))))], [1, 2]);
    assert.deepEqual([...derBitString(parseDer(encodeBitString(Uint8Array.of(1, 2))))], [1, 2]);
    assert.equal(encodeHex(encodeNull()), "0500");
  });

  it("refuse ill-formed text and other types", () => {
    refuses(derText, "0c010a", "0c03611b62", "130100", "16017f", "0c02c29b", "0c03e280a8", "0c03e280ae");
    refuses(derText, "0c01ff", "1301e9", "1302c3a9", "1602c3a9", "160180", "040141", "1e020041");
  });

  it("are not written in a type that they do not fit", () => {
    assertRefused("bad-der", () => encodePrintableString("a_b"));
    assertRefused("bad-der", () => encodePrintableString("é"));
    assertRefused("bad-der", () => encodeIa5String("é"));
  });

  it("OCTET STRING is refused in pieces", () => refuses(derOctets, "24050403010203", "030100"));

  it("BIT STRING is refused with unused bits, empty or in pieces", () => {
    refuses(derBitString, "0300", "03020780", "0302ff00", "23040302000f", "040100");
  });
});

describe("named bits", () => {
  it("round-trip", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(20)), (bits) => {
        const parsed = derNamedBits(parseDer(encodeNamedBits(bits)));
        assert.deepEqual(
          [...parsed],
          bits.toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it("are written in their shortest form", () => {
    assert.equal(encodeHex(encodeNamedBits([5, 6])), "03020106");
    assert.equal(encodeHex(encodeNamedBits([])), "030100");
  });

  it("may have zero bits at the end, as AMD writes them", () => {
    assert.deepEqual([...derNamedBits(parse("03020004"))], [5]);
  });

  it("are refused with a wrong count of unused bits, or with unused bits set", () => {
    refuses(derNamedBits, "0300", "030101", "03020800", "0302ff00", "03020103", "0402 0106");
  });

  it("are at most 64", () => {
    assert.equal(derNamedBits(parse(`0309 00${"ff".repeat(8)}`)).size, 64);
    refuses(derNamedBits, `030a 00${"ff".repeat(9)}`, `030a 00${"00".repeat(9)}`);
  });
});

describe("time", () => {
  it("round-trips to the second", () => {
    const dates = fc.date({ min: new Date("1950-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        const whole = Math.floor(date.getTime() / 1000) * 1000;
        assert.equal(derTime(parseDer(encodeUtcOrGeneralizedTime(date))).getTime(), whole);
      }),
    );
  });

  it("changes its type in 2050", () => {
    assert.equal(encodeUtcOrGeneralizedTime(new Date("2049-12-31T23:59:59Z"))[0], 0x17);
    assert.equal(encodeUtcOrGeneralizedTime(new Date("2050-01-01T00:00:00Z"))[0], 0x18);
    assert.equal(derTime(ascii(0x17, "500101000000Z")).getUTCFullYear(), 1950);
    assert.equal(derTime(ascii(0x17, "491231235959Z")).getUTCFullYear(), 2049);
  });

  const refusedUtc = [
    "2401010000Z",
    "240101000000",
    "240101000000+0000",
    "240230000000Z",
    "241301000000Z",
    "240101240000Z",
    "240101006000Z",
    "240101000060Z",
    "2401010000001Z",
    "24010100000aZ",
    "",
    "230229000000Z",
    "240101000000Z\n",
  ];
  for (const text of refusedUtc) {
    it(`is refused as UTCTime ${JSON.stringify(text)}`, () =>
      assertRefused("bad-der", () => derTime(ascii(0x17, text))));
  }

  const refusedGeneralized = [
    "20240101000000.5Z",
    "240101000000Z",
    "20240101000000",
    "20230229000000Z",
    "00000000000000Z",
  ];
  for (const text of refusedGeneralized) {
    it(`is refused as GeneralizedTime ${JSON.stringify(text)}`, () =>
      assertRefused("bad-der", () => derTime(ascii(0x18, text))));
  }

  it("is refused of another type, and when very long", () => {
    assertRefused("bad-der", () => derTime(ascii(0x0c, "20240101000000Z")));
    assertRefused("bad-der", () => derTime(ascii(0x17, `240101000000Z${"0".repeat(1_000_000)}`)));
  });

  it("is not written outside 1950 to 9999", () => {
    for (const date of [new Date("1949-12-31"), new Date("+010000-01-01"), new Date(Number.NaN)]) {
      assertRefused("bad-der", () => encodeUtcOrGeneralizedTime(date));
    }
  });
});

describe("other writers", () => {
  it("SET OF is written in the order of its octets", () => {
    assert.equal(
      encodeHex(encodeSet(encodeInteger(3), encodeInteger(256), encodeInteger(1))),
      "310a020101020103020201 00".replaceAll(" ", ""),
    );
  });

  it("context tags are written for both forms, in range", () => {
    assert.equal(encodeHex(encodeContext(2, false, Uint8Array.of(9))), "820109");
    assert.equal(encodeHex(encodeContext(3, true, encodeNull())), "a3020500");
    assertRefused("bad-der", () => encodeContext(31, false, new Uint8Array(0)));
    assertRefused("bad-der", () => encodeContext(-1, false, new Uint8Array(0)));
  });
});
