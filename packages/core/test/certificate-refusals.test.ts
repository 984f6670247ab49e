import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../src/bytes/compare.ts";
import { decodeHex } from "../src/bytes/hex.ts";
import { encodeSignatureAlgorithm } from "../src/crypto/signature-algorithm.ts";
import { generateEcKey } from "../src/crypto/signing-key.ts";
import { parseDer } from "../src/der/element.ts";
import {
  encodeBitString,
  encodeBoolean,
  encodeContext,
  encodeElement,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeUtf8String,
} from "../src/der/encode.ts";
import { CoreError } from "../src/errors.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import { createCertificate } from "../src/x509/create-certificate.ts";
import { type CraftedFields, craftedCertificate, craftedWithExtensions } from "./crafted.ts";
import { assertRefused } from "./refusal.ts";

const refuses = (overrides: CraftedFields) =>
  assertRefused("bad-certificate", () => parseCertificate(craftedCertificate(overrides)));
const refusesExtension = (oid: string, value: Uint8Array) =>
  assertRefused("bad-certificate", () => parseCertificate(craftedWithExtensions({ oid, value })));
const hex = (text: string) => decodeHex(text.replaceAll(" ", ""));

const key = await generateEcKey("P-256");
const sound = await createCertificate({
  subject: [{ type: "CN", value: "x" }],
  issuer: [{ type: "CN", value: "x" }],
  serialNumber: 7,
  notBefore: new Date("2024-01-01"),
  notAfter: new Date("2034-01-01"),
  publicKeyInfo: key.publicKeyInfo,
  signer: key,
  ca: {},
  keyUsage: ["keyCertSign"],
  dns: ["localhost"],
  keyIdentifiers: true,
});

describe("certificate parser", () => {
  it("reads the certificate that the refusals start from", () => {
    assert.equal(parseCertificate(craftedCertificate()).extensions.size, 0);
    assert.equal(parseCertificate(craftedWithExtensions({ oid: "1.2.3", value: Uint8Array.of(1) })).extensions.size, 1);
  });

  it("refuses a cut at every byte, and bytes behind the end", () => {
    for (let length = 0; length < sound.length; length++) {
      assertRefused("bad-certificate", () => parseCertificate(sound.subarray(0, length)));
    }
    assertRefused("bad-certificate", () => parseCertificate(concatBytes(sound, Uint8Array.of(0))));
  });

  it("refuses the inner part cut at every byte under a correct outer length", () => {
    const { tbs } = parseCertificate(sound);
    const fields = parseDer(tbs).children();
    const body = tbs.subarray(4);
    // Without its last, optional field a certificate is whole again.
    const withoutExtensions = body.length - (fields.at(-1)?.raw.length ?? 0);
    for (let length = 0; length < body.length; length++) {
      const cut = encodeSequence(
        encodeElement(0x30, body.subarray(0, length)),
        encodeSignatureAlgorithm("ecdsa-with-sha256"),
        encodeBitString(new Uint8Array(70)),
      );
      if (length !== withoutExtensions) {
        assertRefused("bad-certificate", () => parseCertificate(cut));
      }
    }
  });

  it("throws nothing but CoreError on mutated bytes", () => {
    const place = fc.tuple(fc.nat(sound.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = Uint8Array.from(sound);
        for (const [index, byte] of changes) {
          changed[index] = byte;
        }
        try {
          parseCertificate(changed);
        } catch (error) {
          assert.ok(error instanceof CoreError, String(error));
          assert.ok(error.code === "bad-certificate" || error.code === "unsupported-algorithm", error.code);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses lengths in a longer form than needed", () => {
    assert.deepEqual([...sound.subarray(0, 2)], [0x30, 0x82]);
    const longer = concatBytes(hex("30 83 00"), sound.subarray(2));
    assertRefused("bad-certificate", () => parseCertificate(longer));
    assertRefused("bad-certificate", () => parseCertificate(concatBytes(hex("3080"), sound.subarray(4), hex("0000"))));
  });

  it("refuses more than 64 KiB", () => {
    const large = craftedWithExtensions({ oid: "1.2.3", value: new Uint8Array(64 * 1024) });
    assertRefused("bad-certificate", () => parseCertificate(large));
    assert.doesNotThrow(() => parseCertificate(craftedWithExtensions({ oid: "1.2.3", value: new Uint8Array(60_000) })));
  });

  it("refuses versions other than 3", () => {
    refuses({ version: new Uint8Array(0) });
    refuses({ version: encodeContext(0, true, encodeInteger(1)) });
    refuses({ version: encodeContext(0, true, encodeInteger(3)) });
    refuses({ version: encodeContext(0, true, new Uint8Array(0)) });
    refuses({ version: encodeContext(0, true, concatBytes(encodeInteger(2), encodeInteger(2))) });
    refuses({ version: encodeInteger(2) });
  });

  it("refuses serial numbers that are negative, padded or too long", () => {
    refuses({ serialNumber: hex("020180") });
    refuses({ serialNumber: hex("02020001") });
    refuses({ serialNumber: encodeInteger(new Uint8Array(21).fill(1)) });
    refuses({ serialNumber: encodeOctetString(Uint8Array.of(1)) });
    const longest = parseCertificate(
      craftedCertificate({ serialNumber: encodeInteger(new Uint8Array(20).fill(0xff)) }),
    );
    assert.equal(longest.serialNumber, `00${"ff".repeat(20)}`);
    assert.equal(parseCertificate(craftedCertificate({ serialNumber: encodeInteger(0) })).serialNumber, "00");
  });

  it("refuses unknown, missing and disagreeing signature algorithms", () => {
    refuses({ algorithm: encodeSignatureAlgorithm("ecdsa-with-sha384") });
    refuses({ algorithm: new Uint8Array(0) });
    for (const algorithm of [
      encodeSequence(encodeOid("1.2.840.113549.1.1.5"), encodeNull()),
      encodeSequence(encodeOid("1.2.840.10045.4.3.2"), encodeNull()),
    ]) {
      assertRefused("unsupported-algorithm", () => parseCertificate(craftedCertificate({ algorithm })));
    }
  });

  it("refuses validity with a time missing, too many or malformed", () => {
    const time = hex("17 0d 3234303130313030303030305a");
    assert.doesNotThrow(() => parseCertificate(craftedCertificate({ validity: encodeSequence(time, time) })));
    refuses({ validity: encodeSequence(time) });
    refuses({ validity: encodeSequence(time, time, time) });
    refuses({ validity: encodeSequence(time, encodeUtf8String("240101000000Z")) });
  });

  it("refuses names with two common names, empty parts or ill-formed text", () => {
    const commonName = (text: Uint8Array) => encodeSequence(encodeOid("2.5.4.3"), text);
    const x = commonName(encodeUtf8String("x"));
    refuses({ subject: encodeSequence(encodeSet(x), encodeSet(commonName(encodeUtf8String("y")))) });
    refuses({ subject: encodeSequence(encodeSet(x, x)) });
    refuses({ subject: encodeSequence(encodeSet()) });
    refuses({ subject: encodeSequence(x) });
    refuses({ subject: encodeSequence(encodeSet(encodeSequence(encodeOid("2.5.4.3")))) });
    refuses({ subject: encodeSequence(encodeSet(commonName(encodeElement(0x0c, Uint8Array.of(0xff))))) });
    refuses({ issuer: encodeSequence(encodeSet(commonName(encodeInteger(1)))) });
    assert.equal(parseCertificate(craftedCertificate({ subject: encodeSequence() })).subject.commonName, undefined);
  });

  it("refuses public keys without the frame of SubjectPublicKeyInfo", () => {
    refuses({ publicKeyInfo: new Uint8Array(0) });
    refuses({ publicKeyInfo: encodeSequence(encodeSequence()) });
    refuses({ publicKeyInfo: encodeSequence(encodeSequence(), encodeOctetString(new Uint8Array(1))) });
    refuses({ publicKeyInfo: encodeSequence(encodeSequence(), encodeBitString(new Uint8Array(1)), encodeNull()) });
  });

  it("refuses unique identifiers and fields behind the extensions", () => {
    refuses({ issuerUniqueId: encodeContext(1, false, Uint8Array.of(0, 1)) });
    refuses({ trailing: encodeNull() });
  });
});

describe("certificate extensions", () => {
  it("are refused when one stands twice", () => {
    const extension = { oid: "1.2.840.113741.1.13.1", value: Uint8Array.of(1) };
    assertRefused("bad-certificate", () => parseCertificate(craftedWithExtensions(extension, extension)));
    const other = { ...extension, value: Uint8Array.of(2) };
    assertRefused("bad-certificate", () => parseCertificate(craftedWithExtensions(extension, other)));
  });

  it("are refused as an empty list", () => {
    refuses({ extensions: encodeContext(3, true, encodeSequence()) });
    refuses({ extensions: encodeContext(3, true, new Uint8Array(0)) });
  });

  it("are refused when critical and not understood", () => {
    const nameConstraints = { oid: "2.5.29.30", critical: true, value: encodeSequence() };
    assertRefused("bad-certificate", () => parseCertificate(craftedWithExtensions(nameConstraints)));
    assert.doesNotThrow(() => parseCertificate(craftedWithExtensions({ ...nameConstraints, critical: false })));
  });

  it("are refused with a field missing, too many, or a false critical that is no DER boolean", () => {
    const oid = encodeOid("1.2.3");
    const value = encodeOctetString(Uint8Array.of(1));
    for (const extension of [
      encodeSequence(oid),
      encodeSequence(value),
      encodeSequence(oid, encodeElement(0x01, Uint8Array.of(1)), value),
      encodeSequence(oid, encodeBoolean(true), encodeBoolean(true), value),
      encodeSequence(oid, value, value),
      encodeSequence(oid, encodeBitString(Uint8Array.of(1))),
    ]) {
      refuses({ extensions: encodeContext(3, true, encodeSequence(extension)) });
    }
  });

  it("basicConstraints are refused malformed", () => {
    const oid = "2.5.29.19";
    refusesExtension(oid, new Uint8Array(0));
    refusesExtension(oid, encodeBoolean(true));
    refusesExtension(oid, encodeSequence(encodeInteger(1)));
    refusesExtension(oid, encodeSequence(encodeBoolean(false), encodeInteger(1)));
    refusesExtension(oid, encodeSequence(encodeElement(1, Uint8Array.of(1))));
    refusesExtension(oid, encodeSequence(encodeBoolean(true), hex("0201ff")));
    refusesExtension(oid, encodeSequence(encodeBoolean(true), encodeInteger(1), encodeNull()));
    refusesExtension(oid, concatBytes(encodeSequence(), Uint8Array.of(0)));
  });

  it("keyUsage is refused empty, with unknown bits, or malformed", () => {
    const oid = "2.5.29.15";
    for (const value of [
      "030100",
      "0300",
      "03020000",
      "0304000000 80",
      "0304070000 80",
      "0401 80",
      "",
      "03020780 00",
    ]) {
      refusesExtension(oid, hex(value));
    }
  });

  it("keyUsage is read with zero bits at its end, as AMD writes it", () => {
    const certificate = parseCertificate(craftedWithExtensions({ oid: "2.5.29.15", value: hex("03020104") }));
    assert.deepEqual([...(certificate.keyUsage ?? [])], ["keyCertSign"]);
  });

  it("extendedKeyUsage is refused empty or malformed", () => {
    refusesExtension("2.5.29.37", encodeSequence());
    refusesExtension("2.5.29.37", encodeSequence(encodeNull()));
    refusesExtension("2.5.29.37", encodeOid("1.3.6.1.5.5.7.3.1"));
  });

  it("subjectAltName is refused empty, with bad names or addresses", () => {
    const oid = "2.5.29.17";
    refusesExtension(oid, encodeSequence());
    refusesExtension(oid, encodeSequence(encodeContext(2, false, new Uint8Array(0))));
    refusesExtension(oid, encodeSequence(encodeContext(2, false, hex("6100 62"))));
    refusesExtension(oid, encodeSequence(encodeContext(2, false, hex("c3a9"))));
    refusesExtension(oid, encodeSequence(encodeContext(2, false, new Uint8Array(254).fill(0x61))));
    refusesExtension(oid, encodeSequence(encodeContext(7, false, new Uint8Array(5))));
    refusesExtension(oid, encodeSequence(encodeContext(7, false, new Uint8Array(0))));
  });

  it("subjectAltName may have names of other kinds, which are left out", () => {
    const value = encodeSequence(encodeContext(1, false, hex("61")), encodeContext(2, false, hex("62")));
    const { subjectAlternativeNames } = parseCertificate(craftedWithExtensions({ oid: "2.5.29.17", value }));
    assert.deepEqual(subjectAlternativeNames, { dns: ["b"], ip: [] });
  });
});
