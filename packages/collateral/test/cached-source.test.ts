import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { verifyEvidence } from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import { cachedSource } from "../src/cached-source.ts";
import type { CollateralSource } from "../src/source.ts";
import { quoteOf, quoteOfMachine, root, now as start, vendor } from "./fixtures.ts";
import { DAY_MS, HOUR_MS, quote, Scene } from "./scene.ts";

describe("cached collateral", () => {
  it("is fetched and verified once, then reused", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    const first = await cache.verifiedFor(quote);
    const second = await cache.verifiedFor(await quoteOf());
    assert.equal(second, first);
    assert.equal(scene.fetches, 1);
    assert.equal((await verifyEvidence(quote, first, { now: start, root })).simulated, true);
  });

  it("is fetched once however many wait for it", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    const all = await Promise.all(Array.from({ length: 30 }, () => cache.verifiedFor(quote)));
    assert.equal(new Set(all).size, 1);
    assert.equal(scene.fetches, 1);
  });

  it("is handed out without asking anybody, or not at all", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    assert.equal(await cache.keptFor(quote), undefined);
    assert.equal(scene.fetches, 0);
    const verified = await cache.verifiedFor(quote);
    assert.equal(await cache.keptFor(await quoteOf()), verified);
    scene.time += DAY_MS;
    assert.equal(await cache.keptFor(quote), undefined);
    assert.equal(scene.fetches, 1);
  });

  it("is fetched anew after a failure, which all who waited see", async () => {
    const scene = new Scene();
    scene.outage = true;
    const cache = scene.cache();
    const all = await Promise.allSettled([1, 2, 3].map(() => cache.verifiedFor(quote)));
    assert.deepEqual(
      all.map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
    assert.equal(scene.fetches, 1);
    scene.outage = false;
    await cache.verifiedFor(quote);
    assert.equal(scene.fetches, 2);
  });

  it("is renewed every day, so that revocations are seen", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    await cache.verifiedFor(quote);
    scene.time += DAY_MS - 1;
    await cache.verifiedFor(quote);
    assert.equal(scene.fetches, 1);
    scene.time += 1;
    scene.collateral = { pckCrl: { revoked: [vendor.pck.certificate.serialNumber] } };
    const renewed = await cache.verifiedFor(quote);
    assert.equal(scene.fetches, 2);
    await assert.rejects(verifyEvidence(quote, renewed, { now: scene.now(), root }), { code: "pck-revoked" });
  });

  it("is renewed well before it expires", async () => {
    const scene = new Scene();
    scene.collateral = { tcbInfo: { nextUpdate: new Date(start.getTime() + 4 * HOUR_MS) } };
    const cache = scene.cache();
    await cache.verifiedFor(quote);
    scene.time += 2 * HOUR_MS;
    await cache.verifiedFor(quote);
    assert.equal(scene.fetches, 2);
  });

  it("has no gap in sixty days of a source that renews its documents weekly", async () => {
    const scene = new Scene();
    let issued = start;
    const weekly: CollateralSource = {
      fetchCollateral: async () => {
        if (scene.time - issued.getTime() >= 7 * DAY_MS) {
          issued = scene.now();
        }
        return vendor.collateral({ now: issued });
      },
    };
    const cache = cachedSource(weekly, { now: () => scene.now(), root });
    for (; scene.time < start.getTime() + 60 * DAY_MS; scene.time += 6 * HOUR_MS) {
      const collateral = await cache.verifiedFor(quote);
      assert.ok(collateral.earliestExpiry.getTime() - scene.time >= 22 * DAY_MS);
    }
  });

  it("serves on through an outage, but only within its own window, and says so", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    const last = await cache.verifiedFor(quote);
    scene.outage = true;
    scene.time = start.getTime() + 2 * DAY_MS;
    assert.equal(await cache.verifiedFor(quote), last);
    assert.equal(scene.failures.length, 1);
    scene.time = last.earliestExpiry.getTime();
    assert.equal(await cache.verifiedFor(quote), last);
    scene.time += 1;
    await assert.rejects(cache.verifiedFor(quote), { message: "outage" });
  });

  it("does not ask again at once when a renewal failed", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    await cache.verifiedFor(quote);
    scene.outage = true;
    scene.time += 2 * DAY_MS;
    await cache.verifiedFor(quote);
    await cache.verifiedFor(quote);
    assert.equal(scene.fetches, 2);
    scene.time += 5 * 60 * 1000;
    await cache.verifiedFor(quote);
    assert.equal(scene.fetches, 3);
  });

  it("is not asked for again and again near the end of documents that the source does not renew", async () => {
    const scene = new Scene();
    scene.collateral = { tcbInfo: { nextUpdate: new Date(start.getTime() + HOUR_MS) } };
    const cache = scene.cache();
    for (; scene.time < start.getTime() + HOUR_MS; scene.time += 10_000) {
      await cache.verifiedFor(quote);
    }
    assert.equal(scene.fetches, 5); // after 30, 15 and 7.5 minutes, and then no oftener than every 5
  });
});

describe("a cache for several platforms", () => {
  it("keeps them apart", async () => {
    const scene = new Scene();
    const other = await quoteOfMachine("00a067110000");
    const cache = scene.cache();
    await cache.verifiedFor(quote);
    scene.collateral = { fmspc: "00A067110000" };
    assert.equal((await cache.verifiedFor(other)).fmspc, "00a067110000");
    assert.equal((await cache.verifiedFor(quote)).fmspc, vendor.machine.fmspc);
    assert.equal(scene.fetches, 2);
  });

  it("remembers no more of them than it may", async () => {
    const scene = new Scene();
    const cache = scene.cache({ maximumPlatforms: 2 });
    const fmspcs = ["000000000001", "000000000002", "000000000003", "000000000003", "000000000002", "000000000001"];
    for (const fmspc of fmspcs) {
      scene.collateral = { fmspc };
      await cache.verifiedFor(await quoteOfMachine(fmspc));
    }
    assert.equal(scene.fetches, 4);
  });

  it("forgets none for quotes that nobody signed", async () => {
    const scene = new Scene();
    const cache = scene.cache({ maximumPlatforms: 1 });
    await cache.verifiedFor(quote);
    const forged = await createVendor({ now: start, machine: { fmspc: "00a067110000" } });
    await assert.rejects(cache.verifiedFor(await quoteOf(forged)), { code: "root-untrusted" });
    await cache.verifiedFor(quote);
    assert.equal(scene.fetches, 1);
  });
});
