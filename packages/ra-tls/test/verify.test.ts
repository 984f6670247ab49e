import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AttestationError, verifyEvidence as proveEvidence, trustedRootFromPem } from "@sealserve/attestation";
import { concatBytes, equalBytes, generateEcKey, SealserveError } from "@sealserve/core";
import { createVendor } from "@sealserve/simulator";
import fc from "fast-check";
import { createRaTlsCertificate, type RaTlsCertificateOptions } from "../src/certificate/create.ts";
import { reportDataOver } from "../src/certificate/report-data.ts";
import { type ProvenEvidence, type RaTlsVerification, verifyRaTlsCertificate } from "../src/certificate/verify.ts";
import { RaTlsError, type RaTlsErrorCode } from "../src/errors.ts";
import { certificateWith, claimsFor, GRAMINE_OID, sampleQuote, TAGGED_OID, taggedValue } from "./sample-certificate.ts";
import { MR_ENCLAVE, OTHER_MR_ENCLAVE, PolicyRefusal, quoteOf, verifierOf } from "./sample-vendor.ts";

const GENERATIONS = ["first", "1.3", "1.4", "1.8"] as const;
const DAY = 86_400_000;

/** Believes every quote of the sample form. */
async function believe(quote: Uint8Array): Promise<ProvenEvidence> {
  return { report: { reportData: quote.subarray(368, 432) } };
}

async function certificateOf(options: Partial<RaTlsCertificateOptions> = {}): Promise<Uint8Array> {
  return (await createRaTlsCertificate({ quote: quoteOf(), ...options })).certificateDer;
}

async function refuses(
  code: RaTlsErrorCode,
  der: Uint8Array,
  verification: Partial<RaTlsVerification<ProvenEvidence>> = {},
): Promise<void> {
  await assert.rejects(
    verifyRaTlsCertificate(der, { verifyEvidence: believe, ...verification }),
    (error) => error instanceof RaTlsError && error.code === code,
  );
}

describe("verification of an RA-TLS certificate", () => {
  for (const generation of GENERATIONS) {
    it(`accepts genuine evidence of the right enclave, generation ${generation}`, async () => {
      const der = await certificateOf({ generation });
      const peer = await verifyRaTlsCertificate(der, { verifyEvidence: verifierOf(), strict: true });
      assert.equal(peer.form, generation === "1.8" ? "tagged" : "legacy");
      assert.equal(peer.keyKind, generation === "first" || generation === "1.3" ? "RSA-3072" : "P-384");
      assert.equal(peer.evidence.tee, "sgx");
      assert.equal(peer.issuedAt, undefined);
    });

    it(`refuses another enclave by the policy, generation ${generation}`, async () => {
      const der = await certificateOf({ generation, quote: quoteOf(OTHER_MR_ENCLAVE) });
      await assert.rejects(verifyRaTlsCertificate(der, { verifyEvidence: verifierOf() }), PolicyRefusal);
    });
  }

  it("accepts the identifier of other implementations, and P-256", async () => {
    const der = await certificateOf({ generation: "1.4", key: "P-256", legacyOid: "intended" });
    assert.equal((await verifyRaTlsCertificate(der, { verifyEvidence: verifierOf() })).keyKind, "P-256");
  });

  it("refuses evidence of another vendor, and evidence whose collateral has expired", async () => {
    const stranger = await createVendor({ now: new Date() });
    const foreign = await certificateOf({
      quote: (reportData) => stranger.quote({ mrEnclave: MR_ENCLAVE, reportData }),
    });
    await assert.rejects(verifyRaTlsCertificate(foreign, { verifyEvidence: verifierOf() }), AttestationError);
    const later = (): Date => new Date(Date.now() + 400 * DAY);
    const verifyEvidence = verifierOf(MR_ENCLAVE, later);
    await assert.rejects(
      verifyRaTlsCertificate(await certificateOf(), { verifyEvidence }),
      (error) => error instanceof AttestationError && /expired/.test(error.code),
    );
  });

  it("accepts TDX evidence, whose report data stands elsewhere", async () => {
    const vendor = await createVendor({ now: new Date(Date.now() - 60_000) });
    const root = await trustedRootFromPem(vendor.rootPem);
    const collateral = await vendor.collateral({ tee: "tdx" });
    const quote = (reportData: Uint8Array): Promise<Uint8Array> =>
      vendor.tdxQuote({ mrTd: "33".repeat(48), reportData });
    for (const generation of ["1.4", "1.8"] as const) {
      const { evidence } = await verifyRaTlsCertificate(await certificateOf({ generation, quote }), {
        verifyEvidence: (bytes) => proveEvidence(bytes, collateral, { now: new Date(), root }),
        strict: true,
      });
      assert.equal(evidence.tee, "tdx");
    }
  });

  it("hands over a copy of the evidence and of the binding, and judges by its own", async () => {
    const der = await certificateWith(() => [{ oid: GRAMINE_OID, value: sampleQuote(new Uint8Array(64)) }]);
    const verifyEvidence: RaTlsVerification<ProvenEvidence>["verifyEvidence"] = async (quote, binding) => {
      Object.assign(binding, { reportData: quote.subarray(368, 432) });
      return believe(quote);
    };
    await refuses("key-not-bound", der, { verifyEvidence });
  });
});

describe("binding of evidence to a key", () => {
  it("is refused when the evidence speaks for another key, in either form", async () => {
    const other = (await generateEcKey("P-384")).publicKeyInfo;
    const wrong = sampleQuote(await reportDataOver(other));
    await refuses("key-not-bound", await certificateWith(() => [{ oid: GRAMINE_OID, value: wrong }]));
    await refuses(
      "key-not-bound",
      await certificateWith((key) => [{ oid: TAGGED_OID, value: taggedValue(wrong, claimsFor(key)) }]),
    );
  });

  it("is refused when a tagged quote covers the key instead of the claims", async () => {
    const signer = await generateEcKey("P-384");
    const overKey = sampleQuote(await reportDataOver(signer.publicKeyInfo));
    const der = await certificateWith(
      (key) => [{ oid: TAGGED_OID, value: taggedValue(overKey, claimsFor(key)) }],
      signer,
    );
    await refuses("key-not-bound", der);
  });

  it("looks at the second half of the report data in strict mode only", async () => {
    const signer = await generateEcKey("P-384");
    const tail = concatBytes((await reportDataOver(signer.publicKeyInfo)).subarray(0, 63), Uint8Array.of(1));
    const der = await certificateWith(() => [{ oid: GRAMINE_OID, value: sampleQuote(tail) }], signer);
    await verifyRaTlsCertificate(der, { verifyEvidence: believe });
    await refuses("key-not-bound", der, { strict: true });
  });

  it("is refused with report data of another length", async () => {
    const der = await certificateOf();
    for (const length of [0, 32, 63, 65]) {
      const verifyEvidence = async (_: Uint8Array, { reportData }: { reportData: Uint8Array }) => ({
        report: { reportData: concatBytes(reportData, new Uint8Array(1)).subarray(0, length) },
      });
      await refuses("key-not-bound", der, { verifyEvidence });
    }
  });
});

describe("age of evidence", () => {
  const now = new Date("2026-11-01T12:00:00Z");
  const age = { maxMs: DAY, now: () => now };
  const issued = (ms: number): Promise<Uint8Array> => certificateOf({ issuedAt: new Date(now.getTime() - ms) });
  const verify = (der: Uint8Array) => verifyRaTlsCertificate(der, { verifyEvidence: verifierOf(), age, strict: true });

  it("is claimed to the second, and covered by the evidence", async () => {
    assert.equal((await verify(await issued(1234))).issuedAt?.toISOString(), "2026-11-01T11:59:58.000Z");
    assert.equal((await verify(await issued(-60_000))).issuedAt?.toISOString(), "2026-11-01T12:01:00.000Z");
  });

  it("is refused beyond the limit, in the future, and where it is not known", async () => {
    await refuses("evidence-too-old", await issued(DAY + 1000), { age });
    await refuses("evidence-too-old", await issued(365 * DAY), { age });
    await refuses("evidence-from-future", await issued(-6 * 60_000), { age });
    await refuses("evidence-age-unknown", await certificateOf(), { age });
    await refuses("evidence-age-unknown", await certificateOf({ generation: "1.3" }), { age });
    await refuses("evidence-too-old", await issued(0), { age: { ...age, maxMs: Number.NaN } });
  });

  it("does not count when the evidence covers other claims", async () => {
    const signer = await generateEcKey("P-384");
    let old: Uint8Array | undefined;
    await certificateOf({ key: signer, issuedAt: new Date(0), quote: async (data) => (old = await quoteOf()(data)) });
    const reused = old ?? new Uint8Array(0);
    const der = await certificateOf({ key: signer, issuedAt: now, quote: async () => reused });
    await refuses("key-not-bound", der, { age });
  });

  it("cannot be claimed by generations without claims", async () => {
    const attempt = certificateOf({ generation: "1.4", issuedAt: now });
    await assert.rejects(attempt, (error) => error instanceof RaTlsError && error.code === "evidence-age-unknown");
  });

  it("is refused when the claim is no time", async () => {
    const withTime = async (time: string): Promise<Uint8Array> => {
      const name = Buffer.from("sealserve-issued-at");
      const claim = Buffer.concat([Buffer.from([0x60 + name.length]), name, Buffer.from(time, "hex")]);
      return certificateWith((key) => {
        const claims = concatBytes(Uint8Array.of(0xa2), claimsFor(key).subarray(1), claim);
        return [{ oid: TAGGED_OID, value: taggedValue(sampleQuote(new Uint8Array(64)), claims) }];
      });
    };
    for (const time of ["40", "4160", "420100", "491bffffffffffffffff"]) {
      await refuses("bad-cbor", await withTime(time));
    }
    await refuses("key-not-bound", await withTime("4100"));
  });
});

describe("a changed certificate", () => {
  it("never passes with another key, and never raises anything but our own errors", async () => {
    for (const generation of ["1.3", "1.4", "1.8"] as const) {
      const issued: Uint8Array[] = [];
      const quote = async (reportData: Uint8Array): Promise<Uint8Array> => {
        issued.push(sampleQuote(reportData, 600));
        return sampleQuote(reportData, 600);
      };
      const der = await certificateOf({ generation, quote });
      const original = await verifyRaTlsCertificate(der, { verifyEvidence: believe });
      // Stands in for the signature on evidence: only what the platform made is genuine.
      const verifyEvidence = async (bytes: Uint8Array): Promise<ProvenEvidence> => {
        if (!issued.some((genuine) => equalBytes(genuine, bytes))) {
          throw new SealserveError("forged", "forged");
        }
        return believe(bytes);
      };
      await fc.assert(
        fc.asyncProperty(mutation(der.length), async (mutate) => {
          try {
            const peer = await verifyRaTlsCertificate(mutate(der), { verifyEvidence });
            assert.deepEqual(peer.publicKeyInfo, original.publicKeyInfo);
          } catch (error) {
            assert.ok(error instanceof SealserveError, String(error));
          }
        }),
        { numRuns: 300 },
      );
    }
  });
});

describe("bytes that are no certificate", () => {
  it("are refused with our own errors", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        const attempt = verifyRaTlsCertificate(bytes, { verifyEvidence: believe });
        await assert.rejects(attempt, (error) => error instanceof SealserveError);
      }),
    );
  });
});

/** Changes a byte, cuts, or takes out a piece. */
function mutation(length: number): fc.Arbitrary<(der: Uint8Array) => Uint8Array> {
  const offset = fc.nat(length - 1);
  return fc.oneof(
    fc.tuple(offset, fc.integer({ min: 1, max: 255 })).map(([at, change]) => (der: Uint8Array) => {
      const changed = Uint8Array.from(der);
      changed[at] = (changed[at] ?? 0) ^ change;
      return changed;
    }),
    offset.map((at) => (der: Uint8Array) => der.subarray(0, at)),
    fc.tuple(offset, fc.nat(64)).map(([at, count]) => (der: Uint8Array) => {
      return concatBytes(der.subarray(0, at), der.subarray(at + count));
    }),
  );
}
