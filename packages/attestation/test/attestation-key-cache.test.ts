// A platform that was seen before saves work, never a check: whatever is changed afterwards is refused as on the first day.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  concatBytes,
  createCertificate,
  encodeUtf8,
  generateEcKey,
  parseCertificate,
  rawEcPoint,
} from "@sealserve/core";
import { type Authority, chainPem, encodeSgxExtension, type TdQuoteOptions } from "@sealserve/simulator";
import { AttestationError, type AttestationErrorCode } from "../src/errors.ts";
import { parseIntelQuote } from "../src/quote/intel-quote.ts";
import { verifyCollateral } from "../src/verify/intel/verify-collateral.ts";
import type { VerifiedEvidence } from "../src/verify/verified-evidence.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import { DIGITAL_SIGNATURE, daysLater, flipped, options, patched, refusal, vendor } from "./simulated.ts";
import { QUOTE_FORMS, TD, tdxCollateral } from "./simulated-td.ts";

const quote = await vendor.tdxQuote({ ...TD, version: 5 });
const stranger = await generateEcKey("P-256");
/** Where the attestation key stands in {@link quote}. */
const KEY = 702 + 4 + 64;

/** Collateral with which the platform was proven before. */
async function warmCollateral() {
  const verified = await verifyCollateral(tdxCollateral, options);
  await verifyEvidence(quote, verified, options);
  return verified;
}

const warm = await warmCollateral();

async function refuses(evidence: Uint8Array, code: AttestationErrorCode): Promise<void> {
  await assert.rejects(verifyEvidence(evidence, warm, options), refusal(code));
}

async function refusesQuote(overrides: Partial<TdQuoteOptions>, code: AttestationErrorCode): Promise<void> {
  await refuses(await vendor.tdxQuote({ ...TD, version: 5, ...overrides }), code);
}

describe("a platform that was proven before", () => {
  it("does not vouch for another attestation key, though it signed the quote", async () => {
    const { signedBytes, signature } = parseIntelQuote(quote);
    const forged = Uint8Array.from(quote);
    forged.set(rawEcPoint(stranger.publicKeyInfo), KEY);
    forged.set(await stranger.signRaw(signedBytes), KEY - signature.length);
    await refuses(forged, "qe-binding-mismatch");
    await refuses(forged, "qe-binding-mismatch");
  });

  it("does not vouch for other authentication data, whichever byte it is", async () => {
    const { qe } = parseIntelQuote(quote);
    const start = KEY + 64 + 6 + 384 + 64 + 2;
    assert.deepEqual(quote.subarray(start, start + 32), qe.authenticationData);
    for (let index = 0; index < qe.authenticationData.length; index++) {
      await refuses(flipped(quote, start + index), "qe-binding-mismatch");
    }
    await refusesQuote(
      { authenticationData: new Uint8Array(), qeReport: { reportData: qe.report.reportData } },
      "qe-binding-mismatch",
    );
    const longer = concatBytes(qe.authenticationData, new Uint8Array(1));
    await refusesQuote(
      { authenticationData: longer, qeReport: { reportData: qe.report.reportData } },
      "qe-binding-mismatch",
    );
  });

  it("must have signed the report of the quoting enclave each time", async () => {
    const offset = KEY + 64 + 6;
    for (const place of [0, 63, 64, 256, 320, 383, 384, 447]) {
      await refuses(flipped(quote, offset + place), "qe-report-signature-invalid");
    }
    await refusesQuote({ qeReportSignature: new Uint8Array(64) }, "qe-report-signature-invalid");
    await refusesQuote({ qeReportSigner: stranger }, "qe-report-signature-invalid");
  });

  it("must have signed the quote each time", async () => {
    await refusesQuote({ quoteSigner: stranger }, "quote-signature-invalid");
    await refusesQuote({ quoteSignature: new Uint8Array(64) }, "quote-signature-invalid");
    await refuses(flipped(quote, 54 + 136), "quote-signature-invalid");
    const ofOther = await vendor.attestationKey.signRaw(parseIntelQuote(quote).signedBytes.subarray(1));
    await refuses(patched(quote, KEY - 64, [...ofOther]), "quote-signature-invalid");
  });

  it("has its quoting enclave held against the identity each time", async () => {
    await refusesQuote({ qeReport: { mrSigner: "77".repeat(32) } }, "qe-identity-mrsigner-mismatch");
    await refusesQuote({ qeReport: { isvSvn: 1 } }, "qe-tcb-not-supported");
  });

  it("does not lend its proofs to another platform of the same vendor", async () => {
    const { platformCa, root } = vendor;
    const neighbour = await issuePck();
    const data = encodeUtf8(chainPem(neighbour, platformCa, root));
    const certificationData = { type: 5, data };
    await refusesQuote({ certificationData }, "qe-report-signature-invalid");
    const own = await vendor.tdxQuote({ ...TD, version: 5, certificationData, qeReportSigner: neighbour.key });
    const evidence = await verifyEvidence(own, warm, options);
    assert.equal(evidence.pck.serialNumber, neighbour.certificate.serialNumber);
    await refusesQuote({ certificationData }, "qe-report-signature-invalid");
  });

  it("may have more attestation keys than are remembered", async () => {
    const quotes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        vendor.tdxQuote({ ...TD, version: 5, authenticationData: Uint8Array.of(index) }),
      ),
    );
    for (const bytes of [...quotes, ...quotes, quote]) {
      await verifyEvidence(bytes, warm, options);
      await refuses(flipped(bytes, KEY + 64 + 6 + 384 + 64 + 2), "qe-binding-mismatch");
    }
  });

  it("is proven for each of many verifications at once, good ones beside forged ones", async () => {
    const cold = await verifyCollateral(tdxCollateral, options);
    const forged = flipped(quote, KEY + 64 + 6 + 384);
    const jobs = Array.from({ length: 20 }, (_, index) =>
      verifyEvidence(index % 2 === 0 ? quote : forged, cold, options),
    );
    const outcomes = await Promise.allSettled(jobs);
    for (const [index, outcome] of outcomes.entries()) {
      assert.equal(outcome.status, index % 2 === 0 ? "fulfilled" : "rejected");
    }
  });
});

describe("after one good verification", () => {
  for (const { name, tee, make, signed } of QUOTE_FORMS) {
    it(`any byte of a quote changed (${name}) is refused, or changes no fact`, async () => {
      const bytes = await make();
      const verified = await verifyCollateral(tee === "tdx" ? tdxCollateral : await vendor.collateral(), options);
      const good = await verifyEvidence(bytes, verified, options);
      const beforeChain = signed + 4 + 128 + 384 + 64;
      // Each byte of what is signed and of the signatures; of the chain, which every form has in the same way, some.
      const step = name === "TDX, version 4" ? 1 : 11;
      for (let offset = 0; offset < bytes.length; offset += offset < beforeChain ? 1 : step) {
        await expectSameFacts(flipped(bytes, offset, 1 << (offset % 8)), verified, good, `byte ${offset}`);
      }
    });
  }
});

async function expectSameFacts(
  changed: Uint8Array,
  verified: typeof warm,
  good: VerifiedEvidence,
  what: string,
): Promise<void> {
  let evidence: VerifiedEvidence;
  try {
    evidence = await verifyEvidence(changed, verified, options);
  } catch (cause) {
    assert.ok(cause instanceof AttestationError, `${what}: ${String(cause)}`);
    return;
  }
  assert.deepEqual(evidence, good, what);
}

/** The PCK certificate of another machine of the same kind. */
async function issuePck(): Promise<Authority> {
  const key = await generateEcKey("P-256");
  const machine = { ...vendor.machine, ppid: "99".repeat(16) };
  const der = await createCertificate({
    subject: [{ type: "CN", value: "Intel SGX PCK Certificate" }],
    issuer: vendor.platformCa.certificate.subject,
    serialNumber: 4711,
    notBefore: daysLater(-1),
    notAfter: daysLater(365),
    publicKeyInfo: key.publicKeyInfo,
    signer: vendor.platformCa.key,
    ...DIGITAL_SIGNATURE,
    extensions: [{ oid: "1.2.840.113741.1.13.1", value: encodeSgxExtension(machine) }],
  });
  return { key, certificate: parseCertificate(der) };
}
