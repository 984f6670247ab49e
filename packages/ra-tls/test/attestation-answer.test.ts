import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AttestationAnswer,
  decodeAttestationAnswer,
  encodeAttestationAnswer,
  encodeEvidenceAnswer,
  RaTlsError,
  reportDataFor,
} from "../src/index.ts";

const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

async function sample(): Promise<AttestationAnswer> {
  const statement = {
    purpose: "serving" as const,
    nonce: bytes(1),
    exporter: bytes(2),
    serverCertificateSha256: bytes(3),
    publicKey: new Uint8Array(),
    manifestDigest: bytes(4),
    model: "half",
  };
  const { purpose: _, publicKey: __, ...fields } = statement;
  return { tee: "sgx", evidence: Uint8Array.of(3, 0), ...fields, reportData: await reportDataFor(statement) };
}

async function refuses(text: string): Promise<void> {
  await assert.rejects(decodeAttestationAnswer(text), (error) => {
    assert.ok(error instanceof RaTlsError);
    assert.equal(error.code, "bad-message");
    return true;
  });
}

test("an attestation answer comes back as it was sent", async () => {
  const answer = await sample();
  assert.deepEqual(await decodeAttestationAnswer(encodeAttestationAnswer(answer)), answer);
});

test("an answer with a member missing, unknown, twice, empty or of another kind is refused", async () => {
  const text = encodeAttestationAnswer(await sample());
  const members = JSON.parse(text) as Record<string, string>;
  for (const name of Object.keys(members)) {
    const { [name]: _, ...rest } = members;
    await refuses(JSON.stringify(rest));
    for (const value of ["", 1, null, "zz"]) {
      if (!(name === "model" && value === "zz")) {
        await refuses(JSON.stringify({ ...members, [name]: value }));
      }
    }
    await refuses(text.replace("{", `{"${name}":"${members[name]}",`));
  }
  await refuses(JSON.stringify({ ...members, more: "" }));
  await refuses(encodeEvidenceAnswer(await sample()));
  await refuses(JSON.stringify({ ...members, evidence: "A".repeat(65_536) }));
  await refuses("");
});

test("an answer whose report data does not follow from the rest is refused, whatever was changed", async () => {
  const answer = await sample();
  const changes: Partial<AttestationAnswer>[] = [
    { nonce: bytes(9) },
    { exporter: bytes(9) },
    { serverCertificateSha256: bytes(9) },
    { manifestDigest: bytes(9) },
    { model: "other" },
    { reportData: new Uint8Array(64) },
  ];
  for (const change of changes) {
    await refuses(encodeAttestationAnswer({ ...answer, ...change }));
  }
  await refuses(encodeAttestationAnswer(answer).replace('"serving"', '"key-release"'));
});
