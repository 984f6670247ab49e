import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RaTlsError } from "../src/errors.ts";
import { lengthPrefixed } from "../src/length-prefixed.ts";
import { type EvidenceStatement, reportDataFor } from "../src/statement.ts";

const statement: EvidenceStatement = {
  purpose: "key-release",
  nonce: new Uint8Array(32).fill(1),
  exporter: new Uint8Array(32).fill(2),
  serverCertificateSha256: new Uint8Array(32).fill(3),
  publicKey: new Uint8Array(65).fill(4),
  manifestDigest: new Uint8Array(0),
  model: "half_plus_two",
};

function refuses(changed: Partial<EvidenceStatement>): Promise<void> {
  return assert.rejects(
    reportDataFor({ ...statement, ...changed }),
    (error) => error instanceof RaTlsError && error.code === "bad-statement",
  );
}

describe("evidence statement", () => {
  it("is hashed with SHA-512 over length-prefixed fields behind a domain label", async () => {
    const hash = createHash("sha512");
    const fields = ["sealserve evidence statement v1", "key-release", ...Object.values(statement).slice(1)];
    for (const field of fields) {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      hash.update(length).update(bytes);
    }
    assert.deepEqual(Buffer.from(await reportDataFor(statement)), hash.digest());
  });

  it("gives other report data when any field changes", async () => {
    const changes: Partial<EvidenceStatement>[] = [
      {},
      { purpose: "serving", publicKey: new Uint8Array(0) },
      { nonce: new Uint8Array(32).fill(9) },
      { exporter: new Uint8Array(32).fill(9) },
      { serverCertificateSha256: new Uint8Array(32).fill(9) },
      { publicKey: new Uint8Array(65).fill(9) },
      { manifestDigest: new Uint8Array(32) },
      { model: "half_plus_three" },
    ];
    const hashes = await Promise.all(changes.map((change) => reportDataFor({ ...statement, ...change })));
    assert.equal(new Set(hashes.map((hash) => Buffer.from(hash).toString("hex"))).size, changes.length);
  });

  it("refuses fields of the wrong length", async () => {
    for (const name of ["nonce", "exporter", "serverCertificateSha256", "manifestDigest"] as const) {
      await refuses({ [name]: new Uint8Array(31) });
      await refuses({ [name]: new Uint8Array(33) });
    }
    for (const name of ["nonce", "exporter", "serverCertificateSha256"] as const) {
      await refuses({ [name]: new Uint8Array(0) });
    }
    await refuses({ model: "" });
  });

  it("wants a public key for key release, and none for serving", async () => {
    await refuses({ publicKey: new Uint8Array(0) });
    await refuses({ purpose: "serving" });
  });
});

describe("length-prefixed fields", () => {
  it("differ as bytes whenever they differ as fields", () => {
    const fields = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 4 });
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        const bytes = [a, b].map((list) => Buffer.from(lengthPrefixed(...list)).toString("hex"));
        assert.equal(bytes[0] === bytes[1], same);
      }),
    );
  });
});
