import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type CertificateOptions,
  createCertificate,
  decodeHex,
  generateEcKey,
  parseCertificate,
} from "@sealserve/core";
import { createVendor, SIMULATED_ORGANISATION } from "@sealserve/simulator";
import { CertificatePool } from "../src/verify/certificate-pool.ts";
import { daysLater, flipped, issueUnderRoot, NOW, vendor } from "./simulated.ts";

const CAPACITY = 32;
const { root, platformCa, pck } = vendor;
const key = await generateEcKey("P-256");

function issue(serialNumber: number, options: Partial<CertificateOptions> = {}): Promise<Uint8Array> {
  return createCertificate({
    subject: [{ type: "CN", value: `Certificate ${serialNumber}` }],
    issuer: root.certificate.subject,
    serialNumber,
    notBefore: NOW,
    notAfter: daysLater(1),
    publicKeyInfo: key.publicKeyInfo,
    signer: root.key,
    ...options,
  });
}

describe("a pool of certificates", () => {
  it("gives the same object for the bytes of an authority that it has learnt", () => {
    const pool = new CertificatePool();
    const first = pool.parse(platformCa.certificate.raw);
    assert.notEqual(pool.parse(platformCa.certificate.raw), first, "nothing is learnt by parsing");
    pool.learn([first]);
    assert.equal(pool.parse(Uint8Array.from(platformCa.certificate.raw)), first);
    assert.deepEqual(first, parseCertificate(platformCa.certificate.raw));
    assert.notEqual(pool.parse(root.certificate.raw), first);
    const again = parseCertificate(platformCa.certificate.raw);
    assert.equal(pool.known(again), first);
    assert.equal(pool.known(pck.certificate), pck.certificate);
  });

  it("takes bytes that differ in one bit for another certificate, or for none", () => {
    const pool = new CertificatePool();
    const { raw } = pck.certificate;
    const known = pool.parse(raw);
    pool.learn([known]);
    let parsed = 0;
    for (let offset = 0; offset < raw.length; offset++) {
      const other = flipped(raw, offset, 1 << (offset % 8));
      try {
        const certificate = new CertificatePool().parse(other);
        assert.notEqual(pool.parse(other), known);
        assert.deepEqual(pool.parse(other).tbs, certificate.tbs);
        parsed++;
      } catch (cause) {
        assert.throws(() => pool.parse(other), { name: "CoreError" }, String(cause));
      }
    }
    assert.ok(parsed > 0, "some bytes are free");
    assert.equal(pool.parse(raw), known);
  });

  it("learns no more than its capacity: the one not used for the longest time gives way", async () => {
    const pool = new CertificatePool();
    const certificates = await Promise.all(Array.from({ length: CAPACITY + 2 }, (_, index) => issue(index + 1)));
    const parsed = certificates.map((der) => pool.parse(der));
    const isKnown = (index: number): boolean => pool.parse(certificates[index] ?? new Uint8Array()) === parsed[index];
    pool.learn(parsed.slice(0, CAPACITY));
    pool.learn(parsed.slice(0, 1)); // used again
    pool.learn(parsed.slice(CAPACITY));
    const forgotten = parsed.map((_, index) => index).filter((index) => !isKnown(index));
    assert.deepEqual(forgotten, [1, 2]);
  });

  it("remembers no bytes that are no certificate", () => {
    const pool = new CertificatePool();
    const wrong = pck.certificate.raw.subarray(1);
    for (const _ of [1, 2]) {
      assert.throws(() => pool.parse(wrong), { name: "CoreError" });
    }
  });
});

describe("what a pool knows of signatures", () => {
  it("is true of the issuer alone, whatever it has proven before", async () => {
    const pool = new CertificatePool();
    const stranger = await createVendor({ now: NOW });
    for (const _ of [1, 2]) {
      assert.equal(await pool.isSignedBy(platformCa.certificate, root.certificate), true);
      assert.equal(await pool.isSignedBy(pck.certificate, platformCa.certificate), true);
      assert.equal(await pool.isSignedBy(pck.certificate, root.certificate), false);
      assert.equal(await pool.isSignedBy(platformCa.certificate, platformCa.certificate), false);
      assert.equal(await pool.isSignedBy(platformCa.certificate, stranger.root.certificate), false);
      assert.equal(await pool.isSignedBy(stranger.platformCa.certificate, root.certificate), false);
    }
  });

  it("does not pass from a certificate to one of the same name and serial number with another key", async () => {
    const pool = new CertificatePool();
    const other = await generateEcKey("P-256");
    const twin = parseCertificate(
      await issue(1, {
        subject: [
          { type: "CN", value: "Intel SGX Root CA" },
          { type: "O", value: SIMULATED_ORGANISATION },
        ],
        serialNumber: decodeHex(root.certificate.serialNumber),
        publicKeyInfo: other.publicKeyInfo,
        signer: other,
      }),
    );
    assert.equal(twin.serialNumber, root.certificate.serialNumber);
    assert.deepEqual(twin.subject.raw, root.certificate.subject.raw);
    assert.equal(await pool.isSignedBy(platformCa.certificate, root.certificate), true);
    assert.equal(await pool.isSignedBy(platformCa.certificate, twin), false);
    assert.notEqual(pool.keyOf(twin), pool.keyOf(root.certificate));
    assert.equal(pool.keyOf(twin), pool.keyOf(twin));
  });

  it("does not pass to a signature that was changed", async () => {
    const pool = new CertificatePool();
    const genuine = pool.parse(platformCa.certificate.raw);
    assert.equal(await pool.isSignedBy(genuine, root.certificate), true);
    const { raw } = platformCa.certificate;
    const forged = pool.parse(flipped(raw, raw.length - 1));
    for (const _ of [1, 2]) {
      assert.equal(await pool.isSignedBy(forged, root.certificate), false);
      assert.equal(await pool.isSignedBy(genuine, root.certificate), true);
    }
  });

  it("is false of keys of another kind", async () => {
    const pool = new CertificatePool();
    const p384 = await issueUnderRoot("P-384", {}, "P-384");
    assert.equal(await pool.isSignedBy(pck.certificate, p384.certificate), false);
    assert.equal(
      await pool.keyOf(p384.certificate).hasSignedRaw(new Uint8Array(64), new Uint8Array(1), "SHA-256"),
      false,
    );
  });
});
