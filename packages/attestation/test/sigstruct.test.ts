import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes, decodeHex, encodeHex, sha256 } from "@sealserve/core";
import { SIGSTRUCT_LENGTH, verifySigstruct } from "../src/enclave-signature/sigstruct.ts";

const MODULUS = { start: 128, end: 512 };
const SIGNATURE = { start: 516, end: 900 };
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const keys = await crypto.subtle.generateKey(
  { ...ALGORITHM, modulusLength: 3072, publicExponent: Uint8Array.of(3) },
  true,
  ["sign", "verify"],
);

/** The signer's modulus, little endian. */
async function modulus(): Promise<Uint8Array> {
  const { n = "" } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const binary = atob(n.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (unit) => unit.charCodeAt(0)).toReversed();
}

/** A structure as gramine-sgx-sign writes it, signed after `edit` has changed it. */
async function sigstruct(edit: (bytes: Uint8Array) => void = () => undefined): Promise<Uint8Array> {
  const bytes = new Uint8Array(SIGSTRUCT_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(decodeHex("06000000e10000000000010000000000"), 0);
  bytes.set(decodeHex("01010000600000006000000001000000"), 24);
  bytes.set(await modulus(), MODULUS.start);
  view.setUint32(512, 3, true);
  view.setBigUint64(928, 5n, true);
  bytes.fill(0xab, 960, 992);
  view.setUint16(1024, 7, true);
  view.setUint16(1026, 9, true);
  edit(bytes);
  const signed = concatBytes(bytes.subarray(0, 128), bytes.subarray(900, 1028));
  bytes.set(new Uint8Array(await crypto.subtle.sign(ALGORITHM, keys.privateKey, signed)).toReversed(), SIGNATURE.start);
  return bytes;
}

const refuses = (bytes: Uint8Array, code: string): Promise<void> =>
  assert.rejects(verifySigstruct(bytes), { name: "AttestationError", code });

describe("an enclave's signature structure", () => {
  it("gives what quotes about the enclave will say", async () => {
    const read = await verifySigstruct(await sigstruct());
    assert.equal(encodeHex(read.mrEnclave), "ab".repeat(32));
    assert.deepEqual(read.mrSigner, await sha256(await modulus()));
    assert.deepEqual([read.isvProdId, read.isvSvn], [7, 9]);
    assert.deepEqual([read.attributes.init, read.attributes.debug, read.attributes.mode64bit], [true, false, true]);
  });

  it("says that an enclave is for debugging", async () => {
    const read = await verifySigstruct(await sigstruct((bytes) => bytes.set([7], 928)));
    assert.equal(read.attributes.debug, true);
  });

  for (const length of [0, 16, SIGSTRUCT_LENGTH - 1, SIGSTRUCT_LENGTH + 1, 4096]) {
    it(`refuses ${length} bytes`, () => refuses(new Uint8Array(length), "sigstruct-malformed"));
  }

  for (const [what, offset] of [
    ["header", 0],
    ["second header", 24],
    ["exponent", 512],
  ] as const) {
    it(`refuses another ${what}`, async () => {
      const change = (bytes: Uint8Array): void => bytes.set([0xff], offset);
      await refuses(await sigstruct(change), "sigstruct-malformed");
    });
  }

  for (const [what, offset] of [
    ["date", 20],
    ["modulus", 200],
    ["signature", 600],
    ["attributes", 928],
    ["measurement", 975],
    ["product", 1024],
    ["version", 1026],
  ] as const) {
    it(`refuses a ${what} that was changed after signing`, async () => {
      const bytes = await sigstruct();
      bytes.set([(bytes[offset] as number) ^ 1], offset);
      await refuses(bytes, "sigstruct-signature-invalid");
    });
  }

  it("does not read what nobody signs, the helper values of the launch", async () => {
    const bytes = await sigstruct();
    bytes.fill(0xff, 1040);
    await verifySigstruct(bytes);
  });
});
