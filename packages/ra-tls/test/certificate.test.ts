import assert from "node:assert/strict";
import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import {
  CoreError,
  concatBytes,
  decodeHex,
  decodePem,
  encodeHex,
  encodeUtf8,
  generateEcKey,
  generateEd25519Key,
  generateRsaKey,
  parseCertificate,
} from "@sealserve/core";
import { createRaTlsCertificate } from "../src/certificate/create.ts";
import { parseRaTlsCertificate } from "../src/certificate/parse.ts";
import { RaTlsError, type RaTlsErrorCode } from "../src/errors.ts";
import {
  byteString,
  CLEAN_OID,
  certificateWith,
  claimsFor,
  type Extensions,
  GRAMINE_OID,
  sampleQuote,
  TAGGED_OID,
  taggedValue,
} from "./sample-certificate.ts";

const quote = sampleQuote(new Uint8Array(64));

async function answer(reportData: Uint8Array): Promise<Uint8Array> {
  return sampleQuote(reportData);
}

function boundTo(content: Uint8Array): Buffer {
  return Buffer.concat([createHash("sha256").update(content).digest(), Buffer.alloc(32)]);
}

async function refuses(code: RaTlsErrorCode, extensionsFor: (publicKeyInfo: Uint8Array) => Extensions): Promise<void> {
  const certificate = await certificateWith(extensionsFor);
  await assert.rejects(
    parseRaTlsCertificate(certificate),
    (error) => error instanceof RaTlsError && error.code === code,
  );
}

describe("RA-TLS certificate that we make", () => {
  const quotes: Uint8Array[] = [];
  const made = createRaTlsCertificate({
    quote: async (reportData) => {
      quotes.push(sampleQuote(reportData, 4600));
      return sampleQuote(reportData, 4600);
    },
  });

  it("has Gramine's name, dates, serial number, key kind and signature algorithm", async () => {
    const certificate = parseCertificate((await made).certificateDer);
    const seen = new X509Certificate((await made).certificateDer);
    assert.equal(seen.subject, "CN=RATLS\nO=GramineDevelopers\nC=US");
    assert.equal(seen.issuer, seen.subject);
    assert.equal(seen.serialNumber, "01");
    assert.equal(certificate.notBefore.toISOString(), "2001-01-01T00:00:00.000Z");
    assert.equal(certificate.notAfter.toISOString(), "2030-12-31T23:59:59.000Z");
    assert.equal(certificate.signatureAlgorithm, "ecdsa-with-sha256");
    assert.equal(seen.publicKey.asymmetricKeyDetails?.namedCurve, "secp384r1");
    assert.ok(seen.verify(seen.publicKey));
    assert.equal(seen.ca, false);
  });

  it("carries a quote over its key, and another over claims that name the key", async () => {
    const { extensions, publicKeyInfo } = parseCertificate((await made).certificateDer);
    const [legacy, tagged] = quotes;
    assert.ok(legacy && tagged && quotes.length === 2);
    const claims = claimsFor(publicKeyInfo);
    assert.deepEqual(legacy, sampleQuote(boundTo(publicKeyInfo), 4600));
    assert.deepEqual(tagged, sampleQuote(boundTo(claims), 4600));
    assert.deepEqual(extensions.get("0.6.9.42.840.113741.1337.6")?.value, legacy);
    assert.deepEqual(extensions.get(TAGGED_OID)?.value, taggedValue(tagged, claims));
    assert.equal(claims.length, 51);
  });

  it("writes the object identifier of the legacy quote as Gramine does", async () => {
    assert.match(encodeHex((await made).certificateDer), /060b06092a864886f84d8a3906/);
  });

  it("is read back, and its private key belongs to it", async () => {
    const { certificateDer, certificatePem, privateKeyPem } = await made;
    const parsed = await parseRaTlsCertificate(certificateDer);
    assert.equal(parsed.form, "tagged");
    assert.equal(parsed.keyKind, "P-384");
    assert.deepEqual(parsed.evidence, quotes[1]);
    assert.deepEqual(Buffer.from(parsed.expectedReportData), boundTo(claimsFor(parsed.publicKeyInfo)));
    assert.deepEqual(decodePem(certificatePem, "CERTIFICATE")[0]?.bytes, certificateDer);
    assert.ok(new X509Certificate(certificateDer).checkPrivateKey(createPrivateKey(privateKeyPem)));
  });

  it("takes other dates and P-256", async () => {
    const { certificateDer } = await createRaTlsCertificate({
      key: "P-256",
      quote: async (reportData) => sampleQuote(reportData),
      notBefore: new Date("2026-01-01T00:00:00Z"),
      notAfter: new Date("2026-01-02T00:00:00Z"),
    });
    assert.equal((await parseRaTlsCertificate(certificateDer)).keyKind, "P-256");
    assert.equal(parseCertificate(certificateDer).notAfter.toISOString(), "2026-01-02T00:00:00.000Z");
  });

  it("is of an older generation when asked", async () => {
    for (const [generation, keyKind, count, name] of [
      ["first", "RSA-3072", 1, "GrapheneDevelopers"],
      ["1.3", "RSA-3072", 1, "GramineDevelopers"],
      ["1.4", "P-384", 1, "GramineDevelopers"],
    ] as const) {
      let asked = 0;
      const counting = async (reportData: Uint8Array): Promise<Uint8Array> => {
        asked++;
        return sampleQuote(reportData);
      };
      const { certificateDer } = await createRaTlsCertificate({ generation, quote: counting });
      const parsed = await parseRaTlsCertificate(certificateDer);
      assert.equal(asked, count);
      assert.equal(parsed.keyKind, keyKind);
      assert.equal(parsed.form, "legacy");
      assert.equal(new X509Certificate(certificateDer).subject, `CN=RATLS\nO=${name}\nC=US`);
    }
  });

  it("carries the legacy quote under the intended identifier when asked", async () => {
    const { certificateDer } = await createRaTlsCertificate({
      generation: "1.4",
      legacyOid: "intended",
      quote: answer,
    });
    const { extensions } = parseCertificate(certificateDer);
    assert.deepEqual([...extensions.keys()], ["2.5.29.19", "2.5.29.14", "2.5.29.35", CLEAN_OID]);
  });

  it("is made for a key that exists, of a kind that enclaves have", async () => {
    const key = await generateEcKey("P-384", "ecdsa-with-sha256");
    const { certificateDer, privateKeyPem } = await createRaTlsCertificate({ key, quote: answer });
    assert.deepEqual((await parseRaTlsCertificate(certificateDer)).publicKeyInfo, key.publicKeyInfo);
    assert.deepEqual(decodePem(privateKeyPem, "PRIVATE KEY")[0]?.bytes, await key.exportPkcs8());
    const attempt = createRaTlsCertificate({ key: await generateEd25519Key(), quote: answer });
    await assert.rejects(attempt, (error) => error instanceof RaTlsError && error.code === "unsupported-key");
  });

  it("is not made larger than 16 KiB", async () => {
    const ofSize = (size: number) => createRaTlsCertificate({ quote: async (data) => sampleQuote(data, size) });
    assert.ok((await ofSize(7800)).certificateDer.length <= 16384);
    await assert.rejects(
      ofSize(8100),
      (error) => error instanceof RaTlsError && error.code === "certificate-too-large",
    );
  });

  it("is not made from evidence of an impossible size", async () => {
    for (const sizes of [
      [0, 1000],
      [435, 1000],
      [1000, 8193],
    ]) {
      const attempt = createRaTlsCertificate({ quote: async () => new Uint8Array(sizes.shift() ?? 0) });
      await assert.rejects(attempt, (error) => error instanceof RaTlsError && error.code === "bad-evidence");
    }
  });
});

describe("RA-TLS certificate of an older generation", () => {
  it("is read with RSA-3072, as Gramine up to 1.3.1 makes it", async () => {
    const signer = await generateRsaKey("sha256-with-rsa", 3072);
    const parsed = await parseRaTlsCertificate(
      await certificateWith(() => [{ oid: GRAMINE_OID, value: quote }], signer),
    );
    assert.equal(parsed.keyKind, "RSA-3072");
    assert.equal(parsed.form, "legacy");
    assert.deepEqual(Buffer.from(parsed.expectedReportData), boundTo(signer.publicKeyInfo));
  });

  it("is read with the legacy quote alone, under either object identifier", async () => {
    for (const oid of [GRAMINE_OID, CLEAN_OID]) {
      const parsed = await parseRaTlsCertificate(await certificateWith(() => [{ oid, value: quote }]));
      assert.equal(parsed.form, "legacy");
      assert.deepEqual(parsed.evidence, quote);
      assert.deepEqual(Buffer.from(parsed.expectedReportData), boundTo(parsed.publicKeyInfo));
    }
  });

  it("is refused with legacy quotes under both object identifiers", async () => {
    await refuses("ambiguous-evidence", () => [
      { oid: GRAMINE_OID, value: quote },
      { oid: CLEAN_OID, value: quote },
    ]);
  });

  it("is refused with a quote of an impossible size", async () => {
    await refuses("bad-evidence", () => [{ oid: GRAMINE_OID, value: new Uint8Array(435) }]);
    await refuses("bad-evidence", () => [{ oid: GRAMINE_OID, value: new Uint8Array(8193) }]);
  });

  it("is refused without any evidence", async () => {
    await refuses("no-evidence", () => []);
  });

  it("is refused when it is larger than 16 KiB", async () => {
    const other = "1.2.3.4";
    await refuses("certificate-too-large", () => [
      { oid: GRAMINE_OID, value: quote },
      { oid: other, value: new Uint8Array(16384) },
    ]);
  });

  it("is refused when the evidence stands in a critical extension, or twice", async () => {
    for (const extensions of [
      [{ oid: GRAMINE_OID, value: quote, critical: true }],
      [
        { oid: GRAMINE_OID, value: quote },
        { oid: GRAMINE_OID, value: quote },
      ],
    ]) {
      const attempt = parseRaTlsCertificate(await certificateWith(() => extensions));
      await assert.rejects(attempt, (error) => error instanceof CoreError && error.code === "bad-certificate");
    }
  });
});

describe("keys", () => {
  it("of other kinds and sizes are refused", async () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 3072, publicExponent: 3 });
    const smallExponent = {
      ...(await generateEcKey("P-256")),
      publicKeyInfo: Uint8Array.from(publicKey.export({ type: "spki", format: "der" })),
    };
    const signers = [await generateRsaKey("sha256-with-rsa", 2048), await generateEd25519Key(), smallExponent];
    for (const signer of signers) {
      const certificate = await certificateWith(() => [{ oid: GRAMINE_OID, value: quote }], signer);
      await assert.rejects(
        parseRaTlsCertificate(certificate),
        (error) => error instanceof RaTlsError && error.code === "unsupported-key",
      );
    }
  });
});

describe("tagged evidence", () => {
  function tagged(value: (publicKeyInfo: Uint8Array) => Uint8Array): (publicKeyInfo: Uint8Array) => Extensions {
    return (publicKeyInfo) => [{ oid: TAGGED_OID, value: value(publicKeyInfo) }];
  }

  function hashEntry(algorithm: string, hash: Uint8Array): Uint8Array {
    return concatBytes(decodeHex(`82${algorithm}`), byteString(hash));
  }

  function claims(...pairs: [name: string, value: Uint8Array][]): Uint8Array {
    const encoded = pairs.map(([name, value]) =>
      concatBytes(Uint8Array.of(0x60 + name.length), encodeUtf8(name), byteString(value)),
    );
    return concatBytes(Uint8Array.of(0xa0 + pairs.length), ...encoded);
  }

  it("may name the key with SHA-256, SHA-384 or SHA-512, the algorithm in any width", async () => {
    for (const [algorithm, name] of [
      ["01", "sha256"],
      ["1b0000000000000001", "sha256"],
      ["07", "sha384"],
      ["08", "sha512"],
    ] as const) {
      const certificate = await certificateWith(
        tagged((key) => taggedValue(quote, claims(["pubkey-hash", hashEntry(algorithm, hashOf(name, key))]))),
      );
      assert.equal((await parseRaTlsCertificate(certificate)).form, "tagged");
    }
  });

  it("may carry other claims, which are covered by the report data", async () => {
    const nonce: [string, Uint8Array] = ["nonce", new Uint8Array(32)];
    const all = (key: Uint8Array): Uint8Array => claims(nonce, ["pubkey-hash", hashEntry("01", hashOf("sha256", key))]);
    const parsed = await parseRaTlsCertificate(await certificateWith(tagged((key) => taggedValue(quote, all(key)))));
    assert.deepEqual(Buffer.from(parsed.expectedReportData), boundTo(all(parsed.publicKeyInfo)));
  });

  it("is refused when no claim, or more than one, names the key", async () => {
    await refuses(
      "key-not-bound",
      tagged(() => taggedValue(quote, claims())),
    );
    await refuses(
      "key-not-bound",
      tagged(() => taggedValue(quote, claims(["nonce", new Uint8Array(32)]))),
    );
    const entry = (key: Uint8Array): [string, Uint8Array] => ["pubkey-hash", hashEntry("01", hashOf("sha256", key))];
    await refuses(
      "bad-cbor",
      tagged((key) => taggedValue(quote, claims(entry(key), entry(key)))),
    );
  });

  it("is refused when the claims name another key", async () => {
    const other = (await generateEcKey("P-384")).publicKeyInfo;
    await refuses(
      "key-not-bound",
      tagged(() => taggedValue(quote, claimsFor(other))),
    );
    await refuses(
      "key-not-bound",
      tagged(() => taggedValue(quote, claims(["pubkey-hash", hashEntry("01", quote)]))),
    );
  });

  it("is refused when the hash algorithm is unknown or does not fit the hash", async () => {
    for (const algorithm of ["00", "02", "07", "1bffffffffffffffff"]) {
      await refuses(
        "key-not-bound",
        tagged((key) => taggedValue(quote, claims(["pubkey-hash", hashEntry(algorithm, hashOf("sha256", key))]))),
      );
    }
  });

  it("is refused under another tag, as another array, and with anything behind its end", async () => {
    await refuses(
      "bad-evidence",
      tagged((key) => taggedValue(quote, claimsFor(key), { tag: "d9ea61" })),
    );
    await refuses(
      "bad-cbor",
      tagged((key) => taggedValue(quote, claimsFor(key), { behind: "00" })),
    );
    await refuses(
      "bad-evidence",
      tagged((key) =>
        concatBytes(decodeHex("d9ea6083"), byteString(quote), byteString(claimsFor(key)), decodeHex("40")),
      ),
    );
    await refuses(
      "bad-cbor",
      tagged((key) => taggedValue(quote, concatBytes(claimsFor(key), Uint8Array.of(0)))),
    );
    const long = (key: Uint8Array): Uint8Array => concatBytes(hashEntry("01", hashOf("sha256", key)), Uint8Array.of(0));
    await refuses(
      "bad-cbor",
      tagged((key) => taggedValue(quote, claims(["pubkey-hash", long(key)]))),
    );
    const triple = (key: Uint8Array): Uint8Array =>
      concatBytes(decodeHex("8301"), byteString(hashOf("sha256", key)), Uint8Array.of(0));
    await refuses(
      "bad-cbor",
      tagged((key) => taggedValue(quote, claims(["pubkey-hash", triple(key)]))),
    );
  });

  it("is refused with more claims than anyone writes, and with evidence of an impossible size", async () => {
    const many = Array.from({ length: 17 }, (_, index): [string, Uint8Array] => [`c${index}`, new Uint8Array(1)]);
    await refuses(
      "bad-cbor",
      tagged(() => taggedValue(quote, claims(...many))),
    );
    await refuses(
      "bad-evidence",
      tagged((key) => taggedValue(new Uint8Array(435), claimsFor(key))),
    );
    await refuses(
      "bad-evidence",
      tagged((key) => taggedValue(new Uint8Array(8193), claimsFor(key))),
    );
  });

  it("is final: a good legacy quote beside it does not help", async () => {
    await refuses("key-not-bound", () => [
      { oid: GRAMINE_OID, value: quote },
      { oid: TAGGED_OID, value: taggedValue(quote, claims()) },
    ]);
  });

  it("counts whatever a legacy quote beside it holds", async () => {
    const parsed = await parseRaTlsCertificate(
      await certificateWith((key) => [
        { oid: GRAMINE_OID, value: new Uint8Array(1) },
        { oid: TAGGED_OID, value: taggedValue(quote, claimsFor(key)) },
      ]),
    );
    assert.equal(parsed.form, "tagged");
  });
});

function hashOf(algorithm: string, data: Uint8Array): Uint8Array {
  return createHash(algorithm).update(data).digest();
}
