import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes } from "../src/bytes/compare.ts";
import { keyKindOf } from "../src/crypto/key-kind.ts";
import { generateEcKey, generateEd25519Key, generateRsaKey } from "../src/crypto/signing-key.ts";
import { encodeBitString, encodeInteger, encodeNull, encodeOid, encodeSequence } from "../src/der/encode.ts";

const RSA = encodeSequence(encodeOid("1.2.840.113549.1.1.1"), encodeNull());
const MODULUS = new Uint8Array(384).fill(0xa5);

function rsaKey(modulus: Uint8Array, exponent: number, ...more: Uint8Array[]): Uint8Array {
  return encodeSequence(RSA, encodeBitString(encodeSequence(encodeInteger(modulus), encodeInteger(exponent), ...more)));
}

describe("the kind of a public key", () => {
  it("is its curve, or RSA with its size", async () => {
    assert.equal(keyKindOf((await generateEcKey("P-256")).publicKeyInfo), "P-256");
    assert.equal(keyKindOf((await generateEcKey("P-384")).publicKeyInfo), "P-384");
    assert.equal(keyKindOf((await generateRsaKey("sha256-with-rsa", 2048)).publicKeyInfo), "RSA-2048");
    assert.equal(keyKindOf(rsaKey(MODULUS, 65537)), "RSA-3072");
    assert.equal(keyKindOf(rsaKey(MODULUS.with(0, 0x01), 65537)), "RSA-3065");
  });

  it("is none for other algorithms and exponents", async () => {
    assert.equal(keyKindOf((await generateEd25519Key()).publicKeyInfo), undefined);
    for (const exponent of [1, 3, 65539]) {
      assert.equal(keyKindOf(rsaKey(MODULUS, exponent)), undefined, `${exponent}`);
    }
  });

  it("is none for a key with something missing or more", () => {
    const good = rsaKey(MODULUS, 65537);
    const more = encodeInteger(1);
    const inner = encodeBitString(encodeSequence(encodeInteger(MODULUS), encodeInteger(65537)));
    for (const bad of [
      new Uint8Array(0),
      rsaKey(Uint8Array.of(0), 65537),
      good.subarray(0, -1),
      concatBytes(good, more),
      rsaKey(MODULUS, 65537, more),
      encodeSequence(RSA, inner, more),
      encodeSequence(RSA),
      encodeSequence(RSA, encodeBitString(encodeSequence(encodeInteger(MODULUS)))),
    ]) {
      assert.equal(keyKindOf(bad), undefined);
    }
  });
});
