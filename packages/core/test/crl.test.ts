import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes } from "../src/bytes/compare.ts";
import { decodeHex } from "../src/bytes/hex.ts";
import { encodeSignatureAlgorithm } from "../src/crypto/signature-algorithm.ts";
import { generateEcKey, generateRsaKey } from "../src/crypto/signing-key.ts";
import {
  encodeContext,
  encodeInteger,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeUtcOrGeneralizedTime,
} from "../src/der/encode.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import { createCertificate } from "../src/x509/create-certificate.ts";
import { createCertificateRevocationList } from "../src/x509/create-crl.ts";
import { parseCertificateRevocationList } from "../src/x509/crl.ts";
import { encodeExtensions } from "../src/x509/extensions.ts";
import { verifySignedBy } from "../src/x509/issuer-key.ts";
import type { NameAttribute } from "../src/x509/name.ts";
import { type CraftedFields, craftedList } from "./crafted.ts";
import { assertRefused, assertRejected } from "./refusal.ts";

const issuer: NameAttribute[] = [{ type: "CN", value: "Test root" }];
const thisUpdate = new Date("2024-01-01T00:00:00Z");
const nextUpdate = new Date("2024-02-01T00:00:00Z");
const time = encodeUtcOrGeneralizedTime(thisUpdate);
const signer = await generateEcKey("P-256");
const options = { issuer, thisUpdate, nextUpdate, number: 300, revoked: [], signer };

const refuses = (overrides: CraftedFields) =>
  assertRefused("bad-crl", () => parseCertificateRevocationList(craftedList(overrides)));

describe("the number of a revocation list", () => {
  it("has at most 20 octets and is not negative, and one of great length is refused", async () => {
    const numbered = (number: bigint) => createCertificateRevocationList({ ...options, number });
    const longest = 2n ** 159n - 1n;
    assert.equal(parseCertificateRevocationList(await numbered(longest)).number, longest);
    for (const bits of [160n, 8n * 16_000n]) {
      const list = await numbered(2n ** bits);
      assertRefused("bad-crl", () => parseCertificateRevocationList(list));
    }
  });
});

describe("a created revocation list", () => {
  it("names revoked certificates by the serial number that a certificate shows", async () => {
    const certificate = parseCertificate(
      await createCertificate({
        subject: issuer,
        issuer,
        serialNumber: decodeHex("956f5dcdbd1be1e94049c9d4f433ce01570bde54"),
        notBefore: thisUpdate,
        notAfter: nextUpdate,
        publicKeyInfo: signer.publicKeyInfo,
        signer,
      }),
    );
    const revoked = [
      { serialNumber: certificate.serialNumber, date: thisUpdate },
      { serialNumber: "01", date: thisUpdate },
    ];
    const list = parseCertificateRevocationList(await createCertificateRevocationList({ ...options, revoked }));
    assert.deepEqual([...list.revoked], [certificate.serialNumber, "01"]);
    assert.equal(certificate.serialNumber, "00956f5dcdbd1be1e94049c9d4f433ce01570bde54");
    assert.deepEqual(list.issuer, { ...certificate.subject, raw: list.issuer.raw });
    assert.deepEqual([list.thisUpdate, list.nextUpdate, list.number], [thisUpdate, nextUpdate, 300n]);
    assert.equal(await verifySignedBy(list, signer.publicKeyInfo), true);
    assert.equal(await verifySignedBy(list, (await generateEcKey("P-256")).publicKeyInfo), false);
  });

  it("may be empty, and signed with RSA-PSS as AMD does", async () => {
    const amd = await generateRsaKey("rsa-pss-sha384", 2048);
    const list = parseCertificateRevocationList(await createCertificateRevocationList({ ...options, signer: amd }));
    assert.equal(list.revoked.size, 0);
    assert.equal(list.signatureAlgorithm, "rsa-pss-sha384");
    assert.equal(await verifySignedBy(list, amd.publicKeyInfo), true);
  });

  it("is refused, or fails to verify, after any flipped byte", async () => {
    const revoked = [{ serialNumber: "00ff", date: thisUpdate }];
    const der = await createCertificateRevocationList({ ...options, revoked });
    for (let index = 0; index < der.length; index++) {
      const changed = Uint8Array.from(der);
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      let parsed: ReturnType<typeof parseCertificateRevocationList>;
      try {
        parsed = parseCertificateRevocationList(changed);
      } catch {
        continue;
      }
      assert.equal(await verifySignedBy(parsed, signer.publicKeyInfo), false, `byte ${index}`);
    }
  });

  it("is refused cut at every byte, and with bytes behind the end", async () => {
    const der = await createCertificateRevocationList(options);
    for (let length = 0; length < der.length; length++) {
      assertRefused("bad-crl", () => parseCertificateRevocationList(der.subarray(0, length)));
    }
    assertRefused("bad-crl", () => parseCertificateRevocationList(concatBytes(der, Uint8Array.of(0))));
  });

  it("is not written with values that do not fit", async () => {
    const entry = (serialNumber: string) => [{ serialNumber, date: thisUpdate }];
    await assertRejected("bad-hex", createCertificateRevocationList({ ...options, revoked: entry("1") }));
    await assertRejected("bad-der", createCertificateRevocationList({ ...options, number: -1 }));
  });
});

describe("revocation list parser", () => {
  const list = (...entries: readonly Uint8Array[]) => ({ entries: encodeSequence(...entries) });

  it("reads the list that the refusals start from", () => {
    const parsed = parseCertificateRevocationList(craftedList(list(encodeSequence(encodeInteger(9), time))));
    assert.deepEqual([[...parsed.revoked], parsed.number], [["09"], undefined]);
  });

  it("refuses versions other than 2", () => {
    refuses({ version: new Uint8Array(0) });
    refuses({ version: encodeInteger(0) });
    refuses({ version: encodeInteger(2) });
  });

  it("refuses a list without nextUpdate", () => refuses({ nextUpdate: new Uint8Array(0) }));

  it("refuses malformed times and fields too many", () => {
    refuses({ thisUpdate: encodeInteger(1) });
    refuses({ trailing: encodeNull() });
  });

  it("refuses malformed entries", () => {
    refuses(list(encodeSequence(encodeInteger(9))));
    refuses(list(encodeSequence(decodeHex("020180"), time)));
    refuses(list(encodeSequence(decodeHex("02020001"), time)));
    refuses(list(encodeSequence(encodeInteger(9), encodeInteger(9))));
    refuses(list(encodeSequence(encodeInteger(9), time, encodeSequence())));
    refuses(list(encodeSequence(encodeInteger(9), time, encodeNull())));
    refuses(list(encodeInteger(9)));
  });

  it("refuses critical extensions: partial, indirect and delta lists", () => {
    for (const oid of ["2.5.29.27", "2.5.29.28"]) {
      const extensions = encodeExtensions([{ oid, critical: true, value: encodeSequence() }]);
      refuses({ extensions: encodeContext(0, true, extensions) });
    }
    const certificateIssuer = encodeExtensions([{ oid: "2.5.29.29", critical: true, value: encodeSequence() }]);
    refuses(list(encodeSequence(encodeInteger(9), time, certificateIssuer)));
    const reason = encodeExtensions([{ oid: "2.5.29.21", value: decodeHex("0a0101") }]);
    const parsed = parseCertificateRevocationList(craftedList(list(encodeSequence(encodeInteger(9), time, reason))));
    assert.equal(parsed.revoked.has("09"), true);
  });

  it("refuses duplicate extensions and a malformed number", () => {
    const number = { oid: "2.5.29.20", value: encodeInteger(1) };
    refuses({ extensions: encodeContext(0, true, encodeExtensions([number, number])) });
    refuses({ extensions: encodeContext(0, true, encodeExtensions([{ ...number, value: encodeNull() }])) });
    refuses({ extensions: encodeContext(0, true, encodeSequence()) });
  });

  it("takes more than 12,000 entries with all that they can have", () => {
    const reason = encodeExtensions([{ oid: "2.5.29.21", critical: false, value: decodeHex("0a0101") }]);
    const entries = Array.from({ length: 12_500 }, (_, index) =>
      encodeSequence(encodeInteger(2n ** 150n + BigInt(index)), time, reason),
    );
    assert.equal(parseCertificateRevocationList(craftedList(list(...entries))).revoked.size, 12_500);
  });

  it("refuses more elements than any list needs", () => {
    const entry = encodeSequence(encodeInteger(9), time);
    refuses(list(...Array.from({ length: 40_000 }, () => entry)));
  });

  it("refuses disagreeing and unknown signature algorithms", () => {
    refuses({ algorithm: encodeSignatureAlgorithm("ecdsa-with-sha384") });
    const sha1 = encodeSequence(encodeOid("1.2.840.10045.4.1"));
    assertRefused("unsupported-algorithm", () => parseCertificateRevocationList(craftedList({ algorithm: sha1 })));
  });

  it("refuses more than 1 MiB", () => {
    const padded = (length: number) => {
      const extensions = encodeExtensions([{ oid: "1.2.3", value: new Uint8Array(length) }]);
      return craftedList({ extensions: encodeContext(0, true, extensions) });
    };
    assert.doesNotThrow(() => parseCertificateRevocationList(padded(1_000_000)));
    assertRefused("bad-crl", () => parseCertificateRevocationList(padded(1024 * 1024)));
  });

  it("refuses a certificate", async () => {
    const certificate = await createCertificate({
      subject: issuer,
      issuer,
      serialNumber: 1,
      notBefore: thisUpdate,
      notAfter: nextUpdate,
      publicKeyInfo: signer.publicKeyInfo,
      signer,
    });
    assertRefused("bad-crl", () => parseCertificateRevocationList(certificate));
  });
});
