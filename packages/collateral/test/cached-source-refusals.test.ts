import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Collateral, verifyEvidence } from "@sealserve/attestation";
import { chainPem, createVendor } from "@sealserve/simulator";
import { cachedSource } from "../src/cached-source.ts";
import { fileSource } from "../src/file-source.ts";
import { caUnderRoot, quoteOf, quoteOfMachine, root, now as start, vendor } from "./fixtures.ts";
import { DAY_MS, quote, Scene } from "./scene.ts";

describe("collateral that a cache refuses", () => {
  it("has a lower evaluation number than was seen before", async () => {
    const scene = new Scene();
    scene.collateral = { tcbEvaluationDataNumber: 18 };
    const cache = scene.cache();
    const good = await cache.verifiedFor(quote);
    scene.time += 2 * DAY_MS;
    scene.collateral = { tcbEvaluationDataNumber: 17 };
    assert.equal(await cache.verifiedFor(quote), good);
    assert.deepEqual(
      scene.failures.map((error) => error instanceof Error && "code" in error && error.code),
      ["rolled-back"],
    );
    scene.time = good.earliestExpiry.getTime() + 1;
    await assert.rejects(cache.verifiedFor(quote), { name: "CollateralError", code: "rolled-back" });
    scene.collateral = { tcbEvaluationDataNumber: 19 };
    assert.equal((await cache.verifiedFor(quote)).tcbEvaluationDataNumber, 19);
  });

  it("has a lower evaluation number than another platform's collateral", async () => {
    const scene = new Scene();
    const other = await quoteOfMachine("00a067110000");
    const cache = scene.cache();
    scene.collateral = { tcbEvaluationDataNumber: 18 };
    await cache.verifiedFor(quote);
    scene.collateral = { tcbEvaluationDataNumber: 17, fmspc: "00A067110000" };
    await assert.rejects(cache.verifiedFor(other), { code: "rolled-back" });
    scene.collateral = { tcbEvaluationDataNumber: 18, fmspc: "00A067110000" };
    const ofOther = await cache.verifiedFor(other);
    assert.equal((await verifyEvidence(other, ofOther, { now: start, root })).pck.fmspc, "00a067110000");
  });

  it("is for another platform", async () => {
    const scene = new Scene();
    scene.collateral = { fmspc: "00A067110000" };
    await assert.rejects(scene.cache().verifiedFor(quote), { name: "CollateralError", code: "wrong-platform" });
  });

  it("has the list of the other CA that certifies PCK keys, which does not replace good collateral", async () => {
    const ca = await caUnderRoot("Intel SGX PCK Processor CA");
    const scene = new Scene();
    const cache = scene.cache();
    const good = await cache.verifiedFor(quote);
    scene.collateral = { pckCrl: { signer: ca, issuer: ca.certificate.subject } };
    scene.rewrite = (collateral) => ({ ...collateral, pckCrlIssuerChain: chainPem(ca, vendor.root) });
    await assert.rejects(scene.cache().verifiedFor(quote), { name: "CollateralError", code: "wrong-platform" });
    scene.time += 2 * DAY_MS;
    assert.equal(await cache.verifiedFor(quote), good);
    assert.equal(scene.failures.length, 1);
  });

  it("is not signed under the root", async () => {
    const stranger = await createVendor({ now: start });
    const scene = new Scene();
    scene.vendorOf = () => stranger;
    await assert.rejects(scene.cache().verifiedFor(quote), { code: "root-untrusted" });
  });

  it("has expired", async () => {
    const collateral: Collateral = await vendor.collateral({ now: new Date(start.getTime() - 31 * DAY_MS) });
    const cache = cachedSource(fileSource(collateral), { now: () => start, root });
    await assert.rejects(cache.verifiedFor(quote), { name: "AttestationError", code: /expired/ });
  });

  it("does not replace good collateral", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    const good = await cache.verifiedFor(quote);
    scene.time += 2 * DAY_MS;
    for (const bad of [{ fmspc: "00A067110000" }, { tcbStatus: "Fine" }, { rootCaCrl: { signer: vendor.pck } }]) {
      scene.collateral = bad;
      scene.time += DAY_MS;
      assert.equal(await cache.verifiedFor(quote), good);
    }
    assert.equal(scene.failures.length, 3);
  });
});

describe("a quote that nobody signed", () => {
  it("makes a cache fetch nothing", async () => {
    const stranger = await createVendor({ now: start });
    const scene = new Scene();
    const cache = scene.cache();
    for (const [bad, code] of [
      [await quoteOf(stranger), "root-untrusted"],
      [await quoteOf(vendor, { quoteSigner: stranger.attestationKey }), "quote-signature-invalid"],
      [await quoteOf(vendor, { qeReportSigner: stranger.pck.key }), "qe-report-signature-invalid"],
    ] as const) {
      await assert.rejects(cache.verifiedFor(bad), { name: "AttestationError", code });
    }
    assert.equal(scene.fetches, 0);
  });

  it("does not spoil the wait of others", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    const bad = await quoteOf(vendor, { quoteSigner: vendor.root.key });
    const [ofBad, ofGood] = await Promise.allSettled([cache.verifiedFor(bad), cache.verifiedFor(quote)]);
    assert.deepEqual([ofBad.status, ofGood.status], ["rejected", "fulfilled"]);
  });

  it("without a PCK certificate has no platform to fetch for", async () => {
    const hinting = await quoteOf(vendor, { certificationData: { type: 3, data: new Uint8Array(404) } });
    await assert.rejects(new Scene().cache().verifiedFor(hinting), { code: "pck-chain-missing" });
  });
});
