import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeReleasedKey, encodeReleasedKey } from "../src/release/released-key.ts";
import {
  generateRecipientKey,
  openReleasedKey,
  parseRecipientKey,
  type SealedKey,
  sealReleasedKey,
} from "../src/release/sealed-key.ts";

const key = {
  wrapKey: Uint8Array.from({ length: 16 }, (_, index) => index),
  manifestDigest: "ab".repeat(32),
  ownerPublicKeyPem: "-----BEGIN PUBLIC KEY-----\n",
  minimumVersion: 3,
  leaseSeconds: 3600,
};
const context = { nonce: new Uint8Array(32).fill(1), model: "alpha" };

async function seal(publicKey: Uint8Array): Promise<SealedKey> {
  const recipient = await parseRecipientKey(publicKey);
  assert.ok(recipient);
  return sealReleasedKey(key, recipient, context);
}

describe("sealed key", () => {
  it("opens with the recipient's key and the same context", async () => {
    const { keyPair, publicKey } = await generateRecipientKey();
    assert.equal(publicKey.length, 65);
    const sealed = await seal(publicKey);
    assert.equal(sealed.enc.length, 65);
    assert.deepEqual(await openReleasedKey(sealed, keyPair, context), key);
  });

  it("does not open with another key, nonce or model", async () => {
    const { keyPair, publicKey } = await generateRecipientKey();
    const other = await generateRecipientKey();
    const sealed = await seal(publicKey);
    assert.equal(await openReleasedKey(sealed, other.keyPair, context), undefined);
    const otherNonce = { ...context, nonce: new Uint8Array(32).fill(2) };
    assert.equal(await openReleasedKey(sealed, keyPair, otherNonce), undefined);
    assert.equal(await openReleasedKey(sealed, keyPair, { ...context, model: "beta" }), undefined);
  });

  it("does not open when damaged", async () => {
    const { keyPair, publicKey } = await generateRecipientKey();
    const sealed = await seal(publicKey);
    for (const part of ["enc", "ciphertext"] as const) {
      for (const index of [0, sealed[part].length - 1]) {
        const damaged = Uint8Array.from(sealed[part]);
        damaged[index] = (damaged[index] ?? 0) ^ 1;
        assert.equal(await openReleasedKey({ ...sealed, [part]: damaged }, keyPair, context), undefined);
      }
      assert.equal(await openReleasedKey({ ...sealed, [part]: new Uint8Array(0) }, keyPair, context), undefined);
    }
  });

  it("shows neither the key nor its hex form in the ciphertext", async () => {
    const { ciphertext } = await seal((await generateRecipientKey()).publicKey);
    assert.equal(Buffer.from(ciphertext).indexOf(key.wrapKey), -1);
    assert.equal(Buffer.from(ciphertext).indexOf(Buffer.from(key.wrapKey).toString("hex")), -1);
  });

  it("goes to points of P-256 only", async () => {
    const { publicKey } = await generateRecipientKey();
    const offCurve = Uint8Array.from(publicKey);
    offCurve[64] = (offCurve[64] ?? 0) ^ 1;
    for (const bytes of [offCurve, publicKey.subarray(1), new Uint8Array(65), new Uint8Array(0)]) {
      assert.equal(await parseRecipientKey(bytes), undefined);
    }
  });
});

describe("released key", () => {
  const members = JSON.parse(Buffer.from(encodeReleasedKey(key)).toString()) as Record<string, unknown>;

  function decode(value: unknown): unknown {
    return decodeReleasedKey(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
  }

  it("is read back as written", () => {
    assert.deepEqual(decode(members), key);
  });

  it("has no end only where the owner says so", () => {
    const endless = { ...key, leaseSeconds: undefined };
    const text = Buffer.from(encodeReleasedKey(endless)).toString();
    assert.match(text, /"leaseSeconds":null/);
    assert.deepEqual(decode(text), endless);
    assert.equal(decode(text.replace(',"leaseSeconds":null', "")), undefined);
    assert.equal(decode(text.replace("leaseSeconds", "lease")), undefined, "another member in its place");
  });

  it("is refused when a member is missing, unknown or malformed", () => {
    for (const name of Object.keys(members)) {
      const { [name]: _removed, ...rest } = members;
      assert.equal(decode(rest), undefined, name);
      assert.equal(decode({ ...members, [name]: {} }), undefined, name);
      assert.equal(decode({ ...members, [name]: "" }), undefined, name);
    }
    for (const name of ["wrapKey", "manifestDigest", "ownerPublicKeyPem", "minimumVersion"]) {
      assert.equal(decode({ ...members, [name]: null }), undefined, name);
    }
    assert.equal(decode({ ...members, extra: 1 }), undefined);
    assert.equal(decode({ ...members, wrapKey: "00".repeat(32) }), undefined);
    assert.equal(decode({ ...members, minimumVersion: 0 }), undefined);
    assert.equal(decode({ ...members, minimumVersion: 1.5 }), undefined);
    for (const leaseSeconds of [0, -1, 0.5, 1_209_601, "3600", false]) {
      assert.equal(decode({ ...members, leaseSeconds }), undefined, String(leaseSeconds));
    }
    assert.equal(decode("[]"), undefined);
    assert.equal(decode("not json"), undefined);
    assert.equal(decodeReleasedKey(Uint8Array.of(0xff)), undefined);
  });
});
