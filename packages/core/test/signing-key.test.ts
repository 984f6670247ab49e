import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { concatBytes, equalBytes } from "../src/bytes/compare.ts";
import type { SignatureAlgorithmName } from "../src/crypto/signature-algorithm.ts";
import {
  generateEcKey,
  generateEd25519Key,
  generateRsaKey,
  importPkcs8,
  type SigningKey,
} from "../src/crypto/signing-key.ts";
import { encodeElement, encodeInteger, encodeSequence } from "../src/der/encode.ts";
import { verifySignedBy } from "../src/x509/issuer-key.ts";
import { assertRejected } from "./refusal.ts";

const data = new TextEncoder().encode("signed bytes");

const keys: Record<string, SigningKey> = {
  "P-256": await generateEcKey("P-256"),
  "P-384": await generateEcKey("P-384"),
  "P-384 with SHA-256": await generateEcKey("P-384", "ecdsa-with-sha256"),
  "P-256 with SHA-384": await generateEcKey("P-256", "ecdsa-with-sha384"),
  RSA: await generateRsaKey("sha256-with-rsa", 2048),
  "RSA-PSS": await generateRsaKey("rsa-pss-sha384", 2048),
  Ed25519: await generateEd25519Key(),
};
const algorithms: readonly SignatureAlgorithmName[] = [
  "ecdsa-with-sha256",
  "ecdsa-with-sha384",
  "sha256-with-rsa",
  "rsa-pss-sha384",
  "ed25519",
];

function verifySignature(
  signatureAlgorithm: SignatureAlgorithmName,
  publicKeyInfo: Uint8Array,
  signature: Uint8Array,
  tbs: Uint8Array,
): Promise<boolean> {
  return verifySignedBy({ signatureAlgorithm, signature, tbs }, publicKeyInfo);
}

for (const [name, key] of Object.entries(keys)) {
  describe(`${name} key`, () => {
    it("signs what verifies with its public half only", async () => {
      const signature = await key.sign(data);
      assert.equal(await verifySignature(key.algorithm, key.publicKeyInfo, signature, data), true);
      for (const other of Object.values(keys).filter((candidate) => candidate !== key)) {
        assert.equal(await verifySignature(key.algorithm, other.publicKeyInfo, signature, data), false);
      }
    });

    it("says false to other data, flipped, cut and lengthened signatures, and other algorithms", async () => {
      const signature = await key.sign(data);
      const last = Uint8Array.from(signature);
      last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;
      for (const bad of [
        last,
        signature.subarray(1),
        signature.subarray(0, -1),
        concatBytes(signature, Uint8Array.of(0)),
        new Uint8Array(0),
      ]) {
        assert.equal(await verifySignature(key.algorithm, key.publicKeyInfo, bad, data), false);
      }
      assert.equal(await verifySignature(key.algorithm, key.publicKeyInfo, signature, data.subarray(1)), false);
      for (const algorithm of algorithms.filter((candidate) => candidate !== key.algorithm)) {
        assert.equal(await verifySignature(algorithm, key.publicKeyInfo, signature, data), false);
      }
    });

    it("says false to a malformed public key", async () => {
      const signature = await key.sign(data);
      for (const bad of [new Uint8Array(0), key.publicKeyInfo.subarray(0, -1), key.publicKeyInfo.subarray(1)]) {
        assert.equal(await verifySignature(key.algorithm, bad, signature, data), false);
      }
    });

    it("comes back from PKCS #8", async () => {
      const again = await importPkcs8(await key.exportPkcs8(), key.algorithm);
      assert.ok(equalBytes(again.publicKeyInfo, key.publicKeyInfo));
      assert.equal(await verifySignature(key.algorithm, key.publicKeyInfo, await again.sign(data), data), true);
    });
  });
}

describe("an RSA signature", () => {
  it("is refused without its leading zero", async () => {
    const key = keys["RSA-PSS"];
    assert.ok(key !== undefined);
    // One signature in 256 begins with a zero byte; 5,000 tries without one have a chance of 3 in a billion.
    for (let tries = 0; tries < 5000; tries++) {
      const signature = await key.sign(data);
      if (signature[0] === 0) {
        assert.equal(await verifySignature(key.algorithm, key.publicKeyInfo, signature, data), true);
        assert.equal(await verifySignature(key.algorithm, key.publicKeyInfo, signature.subarray(1), data), false);
        return;
      }
    }
    assert.fail("no signature began with a zero byte");
  });
});

describe("RSA-PSS", () => {
  it("is refused with another salt or hash", async () => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey(
      { name: "RSA-PSS", hash: "SHA-384", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
      true,
      ["sign", "verify"],
    );
    const publicKeyInfo = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
    for (const saltLength of [0, 32, 47, 49, 48]) {
      const signature = new Uint8Array(await crypto.subtle.sign({ name: "RSA-PSS", saltLength }, privateKey, data));
      assert.equal(await verifySignature("rsa-pss-sha384", publicKeyInfo, signature, data), saltLength === 48);
    }
  });
});

describe("weak RSA keys", () => {
  it("verify nothing", async () => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey(
      { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1) },
      true,
      ["sign", "verify"],
    );
    const publicKeyInfo = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
    const signature = new Uint8Array(await crypto.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, data));
    assert.equal(await crypto.subtle.verify("RSASSA-PKCS1-v1_5", publicKey, signature, data), true);
    assert.equal(await verifySignature("sha256-with-rsa", publicKeyInfo, signature, data), false);
  });
});

describe("PKCS #8 import", () => {
  it("takes keys that OpenSSL made", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const key = await importPkcs8(privateKey.export({ format: "der", type: "pkcs8" }), "ecdsa-with-sha256");
    assert.ok(equalBytes(key.publicKeyInfo, publicKey.export({ format: "der", type: "spki" })));
    assert.equal((await key.signRaw(data)).length, 96);
  });

  it("refuses keys of another kind than the algorithm", async () => {
    const ec = await generateEcKey("P-256");
    const pkcs8 = await ec.exportPkcs8();
    for (const algorithm of ["sha256-with-rsa", "rsa-pss-sha384", "ed25519"] as const) {
      await assertRejected("bad-key", importPkcs8(pkcs8, algorithm));
    }
    await assertRejected("bad-key", importPkcs8(await (await generateEd25519Key()).exportPkcs8(), "ecdsa-with-sha256"));
  });

  it("refuses public, cut and other bytes", async () => {
    const ec = await generateEcKey("P-256");
    const pkcs8 = await ec.exportPkcs8();
    const bare = encodeSequence(encodeInteger(1), encodeElement(0x04, new Uint8Array(32)));
    for (const bad of [ec.publicKeyInfo, pkcs8.subarray(0, -1), new Uint8Array(0), bare, encodeSequence()]) {
      await assertRejected("bad-key", importPkcs8(bad, "ecdsa-with-sha256"));
    }
  });
});
