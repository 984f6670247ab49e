import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeHex } from "../src/bytes/hex.ts";
import { encodeSignatureAlgorithm, parseSignatureAlgorithm } from "../src/crypto/signature-algorithm.ts";
import { parseDer } from "../src/der/element.ts";
import { encodeContext, encodeInteger, encodeNull, encodeOid, encodeSequence } from "../src/der/encode.ts";
import { assertRefused } from "./refusal.ts";

const SHA256 = "2.16.840.1.101.3.4.2.1";
const SHA384 = "2.16.840.1.101.3.4.2.2";
const none = new Uint8Array(0);
const hash = (oid: string) => encodeSequence(encodeOid(oid), encodeNull());
const mask = (oid: string) => encodeSequence(encodeOid("1.2.840.113549.1.1.8"), hash(oid));
const pss = (...parameters: readonly Uint8Array[]) =>
  parseDer(encodeSequence(encodeOid("1.2.840.113549.1.1.10"), ...parameters));
const pssWith = (hashOid: string, maskOid: string, salt: number, trailer: Uint8Array = none) =>
  pss(
    encodeSequence(
      encodeContext(0, true, hash(hashOid)),
      encodeContext(1, true, mask(maskOid)),
      encodeContext(2, true, encodeInteger(salt)),
      trailer,
    ),
  );

describe("AlgorithmIdentifier of a signature", () => {
  it("round-trips", () => {
    for (const name of [
      "ecdsa-with-sha256",
      "ecdsa-with-sha384",
      "sha256-with-rsa",
      "rsa-pss-sha384",
      "ed25519",
    ] as const) {
      assert.equal(parseSignatureAlgorithm(parseDer(encodeSignatureAlgorithm(name))), name);
    }
    assert.equal(encodeHex(encodeSignatureAlgorithm("ecdsa-with-sha256")), "300a06082a8648ce3d040302");
    assert.equal(encodeHex(encodeSignatureAlgorithm("sha256-with-rsa")), "300d06092a864886f70d01010b0500");
  });

  it("of RSA-PSS is read with the default trailer left out or spelt out", () => {
    assert.equal(parseSignatureAlgorithm(pssWith(SHA384, SHA384, 48)), "rsa-pss-sha384");
    const trailer = encodeContext(3, true, encodeInteger(1));
    assert.equal(parseSignatureAlgorithm(pssWith(SHA384, SHA384, 48, trailer)), "rsa-pss-sha384");
  });

  it("of RSA-PSS is refused with any other parameters", () => {
    for (const identifier of [
      pss(),
      pss(encodeNull()),
      pss(encodeSequence()),
      pssWith(SHA256, SHA384, 48),
      pssWith(SHA384, SHA256, 48),
      pssWith(SHA384, SHA384, 32),
      pssWith(SHA384, SHA384, 0),
      pssWith(SHA384, SHA384, 48, encodeContext(3, true, encodeInteger(2))),
      pssWith(SHA384, SHA384, 48, encodeNull()),
    ]) {
      assertRefused("unsupported-algorithm", () => parseSignatureAlgorithm(identifier));
    }
  });

  it("is refused with parameters that do not belong there, and when unknown or empty", () => {
    for (const parts of [
      [encodeOid("1.2.840.10045.4.3.2"), encodeNull()],
      [encodeOid("1.3.101.112"), encodeNull()],
      [encodeOid("1.2.840.113549.1.1.11"), encodeNull(), encodeNull()],
      [encodeOid("1.2.840.113549.1.1.5"), encodeNull()],
      [encodeOid("1.2.840.10045.4.1")],
      [],
    ]) {
      assertRefused("unsupported-algorithm", () => parseSignatureAlgorithm(parseDer(encodeSequence(...parts))));
    }
  });
});
