import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatBytes, equalBytes } from "../src/bytes/compare.ts";
import { decodeHex, encodeHex } from "../src/bytes/hex.ts";
import { ecdsaVerifier, verifyEcdsa, verifyEcdsaP256, verifyEcdsaP384 } from "../src/crypto/ecdsa.ts";
import { ecdsaSignatureFromRaw, ecdsaSignatureToRaw } from "../src/crypto/ecdsa-signature.ts";
import { sha256, sha384, sha512 } from "../src/crypto/hash.ts";
import { ecPublicKeyInfo, parseEcPublicKeyInfo, rawEcPoint } from "../src/crypto/public-key-info.ts";
import { generateEcKey, generateRsaKey } from "../src/crypto/signing-key.ts";
import { encodeBitString, encodeNull, encodeOid, encodeSequence } from "../src/der/encode.ts";
import { assertRefused } from "./refusal.ts";

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const data = new TextEncoder().encode("signed bytes");
const key256 = await generateEcKey("P-256");
const key384 = await generateEcKey("P-384");
const point256 = rawEcPoint(key256.publicKeyInfo);
const point384 = rawEcPoint(key384.publicKeyInfo);
const signature256 = await key256.signRaw(data);

const number = (bytes: Uint8Array) => BigInt(`0x${encodeHex(bytes)}`);
const bytes32 = (value: bigint) => decodeHex(value.toString(16).padStart(64, "0"));

/** A copy with one bit of the byte at `index` flipped. */
function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

describe("digests", () => {
  it("agree with FIPS 180-4", async () => {
    const abc = new TextEncoder().encode("abc");
    assert.equal(encodeHex(await sha256(abc)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert.match(encodeHex(await sha384(abc)), /^cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163.{48}$/);
    assert.match(encodeHex(await sha512(abc)), /^ddaf35a193617abacc417349ae204131.{96}$/);
  });

  it("take bytes over shared memory", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    assert.deepEqual(await sha256(shared), await sha256(new Uint8Array(3)));
  });
});

describe("ECDSA over raw points and signatures", () => {
  it("verifies", async () => {
    assert.equal(await verifyEcdsaP256(point256, signature256, data), true);
    assert.equal(await verifyEcdsaP384(point384, await key384.signRaw(data), data), true);
  });

  it("verifies often with a key that is imported once, and never with a malformed one", async () => {
    const verify = await ecdsaVerifier({ curve: "P-256", point: point256 }, "SHA-256");
    assert.equal(await verify(signature256, data), true);
    assert.equal(await verify(signature256, data.subarray(1)), false);
    assert.equal(await verify(signature256.subarray(1), data), false);
    for (const point of [new Uint8Array(64), flipped(point256, 0), point256.subarray(1)]) {
      assert.equal(await (await ecdsaVerifier({ curve: "P-256", point }, "SHA-256"))(signature256, data), false);
    }
  });

  it("verifies a high s like the low one", async () => {
    const r = signature256.subarray(0, 32);
    const otherS = bytes32(P256_ORDER - number(signature256.subarray(32)));
    assert.equal(await verifyEcdsaP256(point256, concatBytes(r, otherS), data), true);
  });

  it("says false to any flipped byte of signature or data, and another key", async () => {
    for (let index = 0; index < signature256.length; index++) {
      assert.equal(await verifyEcdsaP256(point256, flipped(signature256, index), data), false);
    }
    assert.equal(await verifyEcdsaP256(point256, signature256, flipped(data, 0)), false);
    const other = rawEcPoint((await generateEcKey("P-256")).publicKeyInfo);
    assert.equal(await verifyEcdsaP256(other, signature256, data), false);
  });

  it("says false to points off the curve instead of throwing", async () => {
    for (const point of [
      flipped(point256, 0),
      flipped(point256, 63),
      new Uint8Array(64),
      new Uint8Array(64).fill(0xff),
    ]) {
      assert.equal(await verifyEcdsaP256(point, signature256, data), false);
    }
  });

  it("says false to wrong lengths and to DER where raw is meant", async () => {
    assert.equal(await verifyEcdsaP256(point256.subarray(1), signature256, data), false);
    assert.equal(await verifyEcdsaP256(concatBytes(Uint8Array.of(4), point256), signature256, data), false);
    assert.equal(await verifyEcdsaP256(point256, signature256.subarray(1), data), false);
    assert.equal(await verifyEcdsaP256(point256, new Uint8Array(0), data), false);
    assert.equal(await verifyEcdsaP256(point256, ecdsaSignatureFromRaw(signature256), data), false);
    assert.equal(await verifyEcdsaP384(point256, signature256, data), false);
  });

  it("says false when r or s is zero, the order, or the order plus a valid value", async () => {
    const [r, s] = [signature256.subarray(0, 32), signature256.subarray(32)];
    for (const bad of [bytes32(0n), bytes32(P256_ORDER)]) {
      assert.equal(await verifyEcdsaP256(point256, concatBytes(bad, s), data), false);
      assert.equal(await verifyEcdsaP256(point256, concatBytes(r, bad), data), false);
      assert.equal(await verifyEcdsaP256(point256, concatBytes(bad, bad), data), false);
    }
  });

  it("does not mix up hash functions", async () => {
    const key = await generateEcKey("P-384", "ecdsa-with-sha256");
    const signature = await key.signRaw(data);
    const publicKey = parseEcPublicKeyInfo(key.publicKeyInfo);
    assert.equal(await verifyEcdsa(publicKey, "SHA-256", signature, data), true);
    assert.equal(await verifyEcdsa(publicKey, "SHA-384", signature, data), false);
  });
});

describe("ECDSA signatures as DER", () => {
  it("round-trip with any leading zeros and high bits", () => {
    const positive = fc.bigInt({ min: 1n, max: 2n ** 256n - 1n });
    const shifted = fc.tuple(positive, fc.nat(255)).map(([value, bits]) => value >> BigInt(bits) || 1n);
    fc.assert(
      fc.property(shifted, shifted, (r, s) => {
        const raw = concatBytes(bytes32(r), bytes32(s));
        assert.ok(equalBytes(ecdsaSignatureToRaw(ecdsaSignatureFromRaw(raw), 32), raw));
      }),
    );
  });

  it("agree with what OpenSSL writes", async () => {
    const pkcs8 = Buffer.from(await key256.exportPkcs8());
    const privateKey = { key: pkcs8, format: "der", type: "pkcs8" } as const;
    for (let round = 0; round < 50; round++) {
      const der = sign("sha256", data, privateKey);
      const raw = ecdsaSignatureToRaw(der, 32);
      assert.ok(equalBytes(ecdsaSignatureFromRaw(raw), der));
      assert.equal(await verifyEcdsaP256(point256, raw, data), true);
    }
  });

  const one = "020101";
  const refused: Record<string, string> = {
    "zero r": `3006020100${one}`,
    "zero s": `3006${one}020100`,
    "negative r": `3006020180${one}`,
    "negative s": `3006${one}0201ff`,
    "padded r": `300702020001${one}`,
    "padded s": `3007${one}0202007f`,
    "empty r": `30050200${one}`,
    "one number": `3003${one}`,
    "three numbers": `3009${one}${one}${one}`,
    "bytes behind the end": `3006${one}${one}00`,
    "bytes inside behind s": `3008${one}${one}0500`,
    "indefinite length": `3080${one}${one}0000`,
    "long form of a short length": `308106${one}${one}`,
    SET: `3106${one}${one}`,
    "other type of number": `3006${one}0a0101`,
    "r longer than the curve": `30260221${"01".repeat(33)}${one}`,
    nothing: "",
  };
  for (const [what, hex] of Object.entries(refused)) {
    it(`are refused with ${what}`, () => assertRefused("bad-der", () => ecdsaSignatureToRaw(decodeHex(hex), 32)));
  }

  it("are not written from an odd number of bytes", () => {
    assertRefused("bad-der", () => ecdsaSignatureFromRaw(new Uint8Array(63)));
    assertRefused("bad-der", () => ecdsaSignatureFromRaw(new Uint8Array(0)));
  });
});

describe("EC public keys", () => {
  it("round-trip between SubjectPublicKeyInfo and point", () => {
    assert.ok(equalBytes(ecPublicKeyInfo("P-256", point256), key256.publicKeyInfo));
    assert.ok(equalBytes(ecPublicKeyInfo("P-384", point384), key384.publicKeyInfo));
    assert.equal(parseEcPublicKeyInfo(key384.publicKeyInfo).curve, "P-384");
  });

  it("are refused with a point of the wrong length", () => {
    assertRefused("bad-key", () => ecPublicKeyInfo("P-256", point384));
    assertRefused("bad-key", () => ecPublicKeyInfo("P-384", point256));
  });

  const ec = encodeOid("1.2.840.10045.2.1");
  const p256 = encodeOid("1.2.840.10045.3.1.7");
  const uncompressed = concatBytes(Uint8Array.of(4), point256);

  it("are refused compressed, cut, with other parameters, or with a field too many", () => {
    const bits = encodeBitString(uncompressed);
    for (const info of [
      encodeSequence(
        encodeSequence(ec, p256),
        encodeBitString(concatBytes(Uint8Array.of(2), point256.subarray(0, 32))),
      ),
      encodeSequence(encodeSequence(ec, p256), encodeBitString(concatBytes(Uint8Array.of(6), point256))),
      encodeSequence(encodeSequence(ec, p256), encodeBitString(uncompressed.subarray(0, 64))),
      encodeSequence(encodeSequence(ec, p256), encodeBitString(new Uint8Array(0))),
      encodeSequence(encodeSequence(ec, encodeNull()), bits),
      encodeSequence(encodeSequence(ec), bits),
      encodeSequence(encodeSequence(ec, p256, encodeNull()), bits),
      encodeSequence(encodeSequence(ec, p256), bits, encodeNull()),
      encodeSequence(encodeSequence(ec, p256)),
      concatBytes(key256.publicKeyInfo, Uint8Array.of(0)),
    ]) {
      assertRefused("bad-der", () => rawEcPoint(info));
    }
  });

  it("are refused on other curves and of other kinds", async () => {
    const p521 = encodeSequence(encodeSequence(ec, encodeOid("1.3.132.0.35")), encodeBitString(uncompressed));
    assertRefused("unsupported-algorithm", () => rawEcPoint(p521));
    const rsa = await generateRsaKey("sha256-with-rsa", 2048);
    assertRefused("unsupported-algorithm", () => rawEcPoint(rsa.publicKeyInfo));
  });
});
