import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeHex, encodeUtf8, sha256 } from "@sealserve/core";
import { createRaTlsCertificate, encodeAttestationAnswer, reportDataFor } from "@sealserve/ra-tls";
import { type KnownExchange, readPresentedEvidence } from "../src/evidence/presented-evidence.ts";

const quote = Uint8Array.of(3, 0, 2, 0, 0, 0, 0xff);
/** As long as a certificate takes it. */
const large = new Uint8Array(600).fill(0xee);
const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const nothing: KnownExchange = { nonce: undefined, serverCertificateSha256: undefined };
const fields = {
  nonce: bytes(1),
  exporter: bytes(2),
  serverCertificateSha256: bytes(3),
  manifestDigest: bytes(4),
  model: "half",
};

function reportData(changes: Partial<typeof fields> = {}): Promise<Uint8Array> {
  return reportDataFor({ purpose: "serving", publicKey: new Uint8Array(), ...fields, ...changes });
}

async function answer(): Promise<Uint8Array> {
  const text = encodeAttestationAnswer({ tee: "sgx", evidence: quote, ...fields, reportData: await reportData() });
  return encodeUtf8(`\n${text}\n`);
}

test("evidence alone says nothing of what it was made for", async () => {
  for (const content of [quote, encodeUtf8(encodeHex(quote))]) {
    const presented = await readPresentedEvidence(content, "quote", nothing);
    assert.deepEqual(Uint8Array.from(presented.evidence), quote);
    assert.deepEqual([presented.reportData, presented.statement], [undefined, undefined]);
  }
});

test("an answer of /attestation brings the report data that its evidence must carry", async () => {
  const presented = await readPresentedEvidence(await answer(), "answer", nothing);
  assert.deepEqual([presented.evidence, presented.reportData], [quote, await reportData()]);
  assert.deepEqual(presented.statement, {
    model: "half",
    manifestDigest: "04".repeat(32),
    nonce: "01".repeat(32),
    serverCertificateSha256: "03".repeat(32),
    exporter: "02".repeat(32),
  });
});

test("what the caller knows of the exchange counts, not what the answer says", async () => {
  for (const known of [{ nonce: bytes(9) }, { serverCertificateSha256: bytes(9) }]) {
    const presented = await readPresentedEvidence(await answer(), "answer", { ...nothing, ...known });
    assert.deepEqual(presented.reportData, await reportData(known));
    await assert.rejects(readPresentedEvidence(quote, "quote", { ...nothing, ...known }), { code: "usage" });
  }
});

test("a damaged answer is refused", async () => {
  const text = Buffer.from(await answer()).toString();
  for (const damaged of [
    "{}",
    text.slice(0, -3),
    text.replace("half", "full"),
    text.replace('"nonce":"01', '"nonce":"11'),
    text.replace('"exporter"', '"exporters"'),
  ]) {
    await assert.rejects(readPresentedEvidence(encodeUtf8(damaged), "answer", nothing), { code: "bad-message" });
  }
});

test("an RA-TLS certificate is read out of what openssl s_client prints", async () => {
  const issuedAt = new Date("2026-11-26T10:00:00Z");
  const made = await createRaTlsCertificate({ quote: async () => large, issuedAt });
  const other = await createRaTlsCertificate({ quote: async () => new Uint8Array(500) });
  const printed = `CONNECTED(00000003)\n---\nCertificate chain\n${made.certificatePem}---\n${other.certificatePem}DONE\n`;
  const presented = await readPresentedEvidence(encodeUtf8(printed), "printed", nothing);
  assert.deepEqual(presented.evidence, large);
  assert.equal(presented.statement?.["issuedAt"], issuedAt.toISOString());
  assert.equal(presented.reportData?.length, 64);
  assert.notDeepEqual(presented.reportData?.slice(0, 32), await sha256(made.certificateDer));
});

test("a certificate that is cut off, damaged or carries no evidence is refused", async () => {
  const { certificatePem } = await createRaTlsCertificate({ quote: async () => large });
  for (const pem of [
    certificatePem.slice(0, 200),
    certificatePem.replace(/\n.{10}/, "\n**********"),
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
  ]) {
    await assert.rejects(readPresentedEvidence(encodeUtf8(pem), "certificate", nothing));
  }
});
