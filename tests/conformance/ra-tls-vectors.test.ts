import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importPkcs8, parseCertificate, SealserveError, type SigningKey } from "@sealserve/core";
import {
  createRaTlsCertificate,
  parseRaTlsCertificate,
  type RaTlsCertificateOptions,
  verifyRaTlsCertificate,
} from "@sealserve/ra-tls";
import {
  acceptProductionEnclave,
  raTlsVectorKey,
  raTlsVectors,
  readRaTlsVector as read,
  skipWithoutRaTlsVectors as skip,
} from "../support/ra-tls-vectors.ts";

const LEGACY_OID = "0.6.9.42.840.113741.1337.6";

async function isAccepted(file: string, strict?: boolean): Promise<boolean> {
  try {
    const options = { verifyEvidence: acceptProductionEnclave, ...(strict === undefined ? {} : { strict }) };
    await verifyRaTlsCertificate(read(file), options);
    return true;
  } catch (error) {
    if (error instanceof SealserveError) {
      return false;
    }
    throw error;
  }
}

describe("certificates of real and crafted RA-TLS peers", { skip }, () => {
  it("are there", () => {
    assert.ok(raTlsVectors().length >= 20);
  });

  for (const { id, cert, what, expect } of raTlsVectors()) {
    it(`${expect}: ${id}, ${what}`, async () => {
      assert.equal(await isAccepted(cert), expect !== "reject", "by default");
      assert.equal(await isAccepted(cert, true), expect === "accept", "in strict mode");
    });
  }

  it("hold what strict mode compares: all 64 bytes", async () => {
    const { evidence, expectedReportData } = await parseRaTlsCertificate(read("current-default.cert.der"));
    assert.deepEqual((await acceptProductionEnclave(evidence)).report.reportData, expectedReportData);
  });
});

interface Reproduction extends Omit<RaTlsCertificateOptions, "quote"> {
  readonly id: string;
}

const REPRODUCTIONS: readonly Reproduction[] = [
  { id: "current-default" },
  { id: "current-tiny-quote" },
  {
    id: "current-dates",
    notBefore: new Date("2024-01-02T03:04:05Z"),
    notAfter: new Date("2055-12-31T23:59:59Z"),
  },
  { id: "legacy-1.3.1-default", generation: "1.3" },
];

describe("certificates made from the keys and quotes of real ones", { skip }, () => {
  for (const { id, ...options } of REPRODUCTIONS) {
    it(`have the same bytes up to the signature: ${id}`, async () => {
      const original = read(`${id}.cert.der`);
      const quotes = quotesOf(original);
      const { certificateDer } = await createRaTlsCertificate({
        ...options,
        key: await keyOf(`${id}.key.der`, parseCertificate(original).signatureAlgorithm),
        quote: async () => quotes.shift() ?? new Uint8Array(0),
      });
      assert.deepEqual(parseCertificate(certificateDer).tbs, parseCertificate(original).tbs);
    });
  }

  it("have the very same bytes with RSA, whose signatures do not differ", async () => {
    const original = read("legacy-1.3.1-default.cert.der");
    const { certificateDer } = await createRaTlsCertificate({
      generation: "1.3",
      key: await keyOf("legacy-1.3.1-default.key.der", "sha256-with-rsa"),
      quote: async () => quotesOf(original)[0] ?? new Uint8Array(0),
    });
    assert.deepEqual(certificateDer, original);
  });

  it("have names, dates and extensions of the first generation, whose key nobody has", async () => {
    const original = parseCertificate(read("first-generation-default.cert.der"));
    const { certificateDer } = await createRaTlsCertificate({
      generation: "first",
      quote: async () => original.extensions.get(LEGACY_OID)?.value ?? new Uint8Array(0),
    });
    const made = parseCertificate(certificateDer);
    assert.deepEqual(made.subject, original.subject);
    assert.deepEqual(made.issuer, original.issuer);
    assert.deepEqual([made.notBefore, made.notAfter], [original.notBefore, original.notAfter]);
    assert.deepEqual([...made.extensions.keys()], [...original.extensions.keys()]);
    assert.equal(made.raw.length, original.raw.length);
  });
});

/** The legacy quote, then the one in the tagged evidence: behind tag, array and a head with two octets of length. */
function quotesOf(certificate: Uint8Array): Uint8Array[] {
  const { extensions } = parseCertificate(certificate);
  const tagged = extensions.get("2.23.133.5.4.9")?.value;
  const legacy = extensions.get(LEGACY_OID)?.value;
  return [legacy, tagged?.subarray(7, tagged.length - 53)].filter((quote) => quote !== undefined);
}

async function keyOf(file: string, algorithm: SigningKey["algorithm"]): Promise<SigningKey> {
  const pkcs8 = raTlsVectorKey(file).export({ type: "pkcs8", format: "der" });
  return importPkcs8(new Uint8Array(pkcs8), algorithm);
}
