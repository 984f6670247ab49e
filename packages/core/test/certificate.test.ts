import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { equalBytes } from "../src/bytes/compare.ts";
import { decodeHex, encodeHex } from "../src/bytes/hex.ts";
import { generateEcKey, generateEd25519Key, generateRsaKey, type SigningKey } from "../src/crypto/signing-key.ts";
import { encodePem } from "../src/pem/pem.ts";
import { parseCertificate } from "../src/x509/certificate.ts";
import { parseCertificateChainPem } from "../src/x509/certificate-chain.ts";
import { type CertificateOptions, createCertificate } from "../src/x509/create-certificate.ts";
import { verifySignedBy } from "../src/x509/issuer-key.ts";
import type { NameAttribute } from "../src/x509/name.ts";
import { assertRefused, assertRejected } from "./refusal.ts";

const validity = { notBefore: new Date("2024-02-29T12:00:00Z"), notAfter: new Date("2050-01-01T00:00:00Z") };
const rootName: NameAttribute[] = [
  { type: "CN", value: "Test root" },
  { type: "O", value: "Grüße" },
  { type: "C", value: "SE" },
];
const rootKey = await generateEcKey("P-256");
const root = parseCertificate(
  await createCertificate({
    ...validity,
    subject: rootName,
    issuer: rootName,
    serialNumber: 1,
    publicKeyInfo: rootKey.publicKeyInfo,
    signer: rootKey,
    ca: { pathLength: 1 },
    keyUsage: ["keyCertSign", "cRLSign"],
    keyIdentifiers: true,
  }),
);
const leafKey = await generateEcKey("P-384");
const leafOptions: CertificateOptions = {
  ...validity,
  subject: [{ type: "CN", value: "leaf" }],
  issuer: root.subject,
  serialNumber: decodeHex("f00d"),
  publicKeyInfo: leafKey.publicKeyInfo,
  signer: rootKey,
  keyUsage: ["digitalSignature"],
  extendedKeyUsage: ["serverAuth", "clientAuth"],
  dns: ["localhost", "*.example.test"],
  ip: ["127.0.0.1", "::1"],
  keyIdentifiers: true,
  extensions: [
    { oid: "2.23.133.5.4.9", value: Uint8Array.of(1, 2, 3) },
    { oid: { content: decodeHex("06092a864886f84d8a3906") }, value: new Uint8Array(300) },
  ],
};
const leafDer = await createCertificate(leafOptions);
const leaf = parseCertificate(leafDer);

describe("a created certificate", () => {
  it("says what was asked for", () => {
    assert.equal(leaf.serialNumber, "00f00d");
    assert.equal(leaf.subject.commonName, "leaf");
    assert.equal(leaf.issuer.commonName, "Test root");
    assert.ok(equalBytes(leaf.issuer.raw, root.subject.raw));
    assert.deepEqual([leaf.notBefore, leaf.notAfter], [validity.notBefore, validity.notAfter]);
    assert.ok(equalBytes(leaf.publicKeyInfo, leafKey.publicKeyInfo));
    assert.deepEqual([...(leaf.keyUsage ?? [])], ["digitalSignature"]);
    assert.deepEqual([...(leaf.extendedKeyUsage ?? [])], ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    assert.deepEqual(leaf.subjectAlternativeNames, {
      dns: ["localhost", "*.example.test"],
      ip: ["127.0.0.1", "::1"],
    });
    assert.equal(leaf.signatureAlgorithm, "ecdsa-with-sha256");
    assert.ok(equalBytes(leaf.raw, leafDer));
  });

  it("tells a CA with its path length from an end entity", () => {
    assert.deepEqual([root.isCa, root.pathLength, leaf.isCa, leaf.pathLength], [true, 1, false, undefined]);
    assert.deepEqual([...(root.keyUsage ?? [])], ["keyCertSign", "cRLSign"]);
  });

  it("leaves basicConstraints out of an end entity's where asked, and never out of a CA's", async () => {
    const silent = parseCertificate(await createCertificate({ ...leafOptions, basicConstraints: false }));
    assert.deepEqual([silent.extensions.has("2.5.29.19"), leaf.extensions.has("2.5.29.19")], [false, true]);
    assert.equal(silent.isCa, false);
    const ca = await createCertificate({ ...leafOptions, keyUsage: ["keyCertSign"], ca: {}, basicConstraints: false });
    assert.equal(parseCertificate(ca).isCa, true);
  });

  it("keeps extensions, also under identifiers that exist only as octets", () => {
    assert.deepEqual(leaf.extensions.get("2.23.133.5.4.9"), { critical: false, value: Uint8Array.of(1, 2, 3) });
    assert.equal(leaf.extensions.get("0.6.9.42.840.113741.1337.6")?.value.length, 300);
    assert.equal(leaf.extensions.get("2.5.29.15")?.critical, true);
    assert.equal(leaf.extensions.size, 8);
  });

  it("is read by OpenSSL in the same way", () => {
    const oracle = new X509Certificate(leafDer);
    assert.equal(oracle.serialNumber, "F00D");
    assert.equal(oracle.subject, "CN=leaf");
    assert.equal(oracle.issuer, "CN=Test root\nO=Grüße\nC=SE");
    assert.equal(
      oracle.subjectAltName,
      "DNS:localhost, DNS:*.example.test, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
    assert.deepEqual(oracle.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    assert.equal(oracle.validFromDate.getTime(), validity.notBefore.getTime());
    assert.equal(oracle.validToDate.getTime(), validity.notAfter.getTime());
    assert.equal(oracle.ca, false);
    assert.equal(new X509Certificate(root.raw).ca, true);
    assert.equal(oracle.checkIssued(new X509Certificate(root.raw)), true);
    assert.equal(oracle.checkHost("localhost"), "localhost");
  });

  it("names the keys of subject and issuer so that they match", () => {
    const subjectKey = encodeHex(root.extensions.get("2.5.29.14")?.value ?? new Uint8Array(0)).slice(4);
    const authorityKey = encodeHex(leaf.extensions.get("2.5.29.35")?.value ?? new Uint8Array(0)).slice(8);
    assert.equal(subjectKey.length, 40);
    assert.equal(authorityKey, subjectKey);
  });

  it("verifies with the key of its issuer only", async () => {
    assert.equal(await verifySignedBy(root, rootKey.publicKeyInfo), true);
    assert.equal(await verifySignedBy(leaf, root.publicKeyInfo), true);
    assert.equal(await verifySignedBy(leaf, leafKey.publicKeyInfo), false);
    assert.equal(await verifySignedBy(leaf, (await generateEcKey("P-256")).publicKeyInfo), false);
  });

  it("is refused, or fails to verify, after any flipped byte", async () => {
    for (let index = 0; index < leafDer.length; index++) {
      const changed = Uint8Array.from(leafDer);
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      let parsed: ReturnType<typeof parseCertificate>;
      try {
        parsed = parseCertificate(changed);
      } catch {
        continue;
      }
      assert.equal(await verifySignedBy(parsed, root.publicKeyInfo), false, `byte ${index}`);
    }
  });

  it("is not written with values that do not fit", async () => {
    await assertRejected("bad-der", createCertificate({ ...leafOptions, serialNumber: -1 }));
    await assertRejected("bad-der", createCertificate({ ...leafOptions, notAfter: new Date(Number.NaN) }));
    await assertRejected("bad-der", createCertificate({ ...leafOptions, ip: ["localhost"] }));
    await assertRejected("bad-der", createCertificate({ ...leafOptions, dns: [""] }));
    await assertRejected("bad-der", createCertificate({ ...leafOptions, publicKeyInfo: new Uint8Array(65) }));
    await assertRejected("bad-der", createCertificate({ ...leafOptions, subject: [{ type: "C", value: "é" }] }));
  });
});

const signers: Record<string, SigningKey> = {
  "ECDSA P-384": await generateEcKey("P-384"),
  "ECDSA P-384 with SHA-256, as Gramine does": await generateEcKey("P-384", "ecdsa-with-sha256"),
  "RSA PKCS #1": await generateRsaKey("sha256-with-rsa", 3072),
  "RSA-PSS, as AMD does": await generateRsaKey("rsa-pss-sha384", 2048),
  Ed25519: await generateEd25519Key(),
};
for (const [what, signer] of Object.entries(signers)) {
  it(`certificates signed with ${what} verify with the key of their signer alone`, async () => {
    const der = await createCertificate({ ...leafOptions, signer });
    const certificate = parseCertificate(der);
    assert.equal(certificate.signatureAlgorithm, signer.algorithm);
    assert.equal(await verifySignedBy(certificate, signer.publicKeyInfo), true);
    assert.equal(await verifySignedBy(certificate, root.publicKeyInfo), false);
  });

  it(`certificates signed with ${what} verify with OpenSSL`, async () => {
    const der = await createCertificate({ ...leafOptions, signer });
    const issuer = createPublicKey({ key: Buffer.from(signer.publicKeyInfo), format: "der", type: "spki" });
    assert.equal(new X509Certificate(der).verify(issuer), true);
  });
}

describe("a PEM chain", () => {
  const pem = (der: Uint8Array) => encodePem("CERTIFICATE", der);

  it("keeps its order and may end with NUL", () => {
    const chain = parseCertificateChainPem(`${pem(leafDer)}${pem(root.raw)}\0`);
    assert.deepEqual(
      chain.map(({ subject }) => subject.commonName),
      ["leaf", "Test root"],
    );
  });

  it("is refused empty, too long, or with anything but certificates", () => {
    assertRefused("bad-pem", () => parseCertificateChainPem(""));
    assert.equal(parseCertificateChainPem(pem(leafDer).repeat(16)).length, 16);
    assertRefused("bad-certificate", () => parseCertificateChainPem(pem(leafDer).repeat(17)));
    assertRefused("bad-pem", () =>
      parseCertificateChainPem(pem(leafDer) + encodePem("PUBLIC KEY", leaf.publicKeyInfo)),
    );
    assertRefused("bad-certificate", () => parseCertificateChainPem(pem(leaf.publicKeyInfo)));
  });
});
