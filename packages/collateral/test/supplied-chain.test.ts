import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type SgxQuote, verifyEvidence } from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import { cachedSource } from "../src/cached-source.ts";
import { fileSource } from "../src/file-source.ts";
import type { CollateralSource } from "../src/source.ts";
import { machineOf, quoteOf, root, now as start, vendor } from "./fixtures.ts";

const options = { now: start, root };
const collateral = await vendor.collateral();
const { fmspc } = vendor.machine;
const [first, second] = [await machineOf(fmspc), await machineOf(fmspc)];

function cache(source: CollateralSource) {
  return cachedSource(source, { now: () => start, root });
}

function supplying(pckCertificateChain: string): CollateralSource {
  return fileSource({ ...collateral, pckCertificateChain });
}

async function verify(quote: SgxQuote, from: ReturnType<typeof cache>) {
  return verifyEvidence(quote, await from.verifiedFor(quote), options);
}

describe("a quote without a PCK chain", () => {
  for (const [type, length] of [
    [1, 36],
    [2, 276],
    [3, 404],
  ] as const) {
    it(`of certification data type ${type} is verified with the chain in the file`, async () => {
      const quote = await first.quote({ type, data: new Uint8Array(length) });
      const kept = cache(supplying(first.chain));
      assert.equal((await verify(quote, kept)).pck.fmspc, fmspc);
      assert.equal(await kept.verifiedFor(quote), await kept.verifiedFor(quote));
    });
  }

  it("is refused where nobody supplies one", async () => {
    const quote = await first.quote({ type: 3, data: new Uint8Array(404) });
    await assert.rejects(cache(fileSource(collateral)).verifiedFor(quote), { code: "pck-chain-missing" });
  });

  it("is refused with a chain that is none, of another root, or of another machine", async () => {
    const quote = await first.quote({ type: 3, data: new Uint8Array(404) });
    const stranger = await createVendor({ now: start });
    for (const [chain, code] of [
      ["", "pck-chain-unusable"],
      [vendor.rootPem, "pck-chain-unusable"],
      [stranger.pckChainPem, "root-untrusted"],
      [second.chain, "qe-report-signature-invalid"],
    ] as const) {
      await assert.rejects(cache(supplying(chain)).verifiedFor(quote), { code });
    }
  });

  it("does not get the chain that was supplied for another one", async () => {
    const [ofFirst, ofSecond] = [new Uint8Array(404).fill(1), new Uint8Array(404).fill(2)];
    const quotes = [await first.quote({ type: 3, data: ofFirst }), await second.quote({ type: 3, data: ofSecond })];
    const kept = cache({
      fetchCollateral: async ({ certificationData: { data } }) => ({
        ...collateral,
        pckCertificateChain: data[0] === 1 ? first.chain : second.chain,
      }),
    });
    for (const quote of [...quotes, ...quotes]) {
      await verify(quote, kept);
    }
  });
});

describe("a quote with its own PCK chain", () => {
  it("is verified with that one, not with another machine's in the file", async () => {
    const own = await second.quote();
    await assert.rejects(verifyEvidence(own, { ...collateral, pckCertificateChain: first.chain }, options), {
      code: "qe-report-signature-invalid",
    });
    const kept = cache(supplying(first.chain));
    await verify(await first.quote({ type: 3, data: new Uint8Array(404) }), kept);
    await verify(own, kept);
    await verify(await quoteOf(), kept);
  });
});
