import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createVendor } from "@sealserve/simulator";
import { quoteOfMachine, now as start, vendor } from "./fixtures.ts";
import { DAY_MS, HOUR_MS, quote, Scene } from "./scene.ts";

const other = await quoteOfMachine("00a067110000");
const ofOther = { fmspc: "00A067110000" };
const earlier = new Date(start.getTime() - HOUR_MS);

function codesOf(failures: readonly unknown[]): unknown[] {
  return failures.map((error) => error instanceof Error && "code" in error && error.code);
}

describe("a source that goes back", () => {
  for (const [name, changed] of Object.entries({
    "the TCB info": { tcbInfo: { issueDate: earlier } },
    "the QE identity": { qeIdentity: { issueDate: earlier } },
    "the root CA CRL": { rootCaCrl: { thisUpdate: earlier } },
    "the PCK CRL": { pckCrl: { thisUpdate: earlier } },
  })) {
    it(`to an earlier issue of ${name} alone does not replace what is kept`, async () => {
      const scene = new Scene();
      const cache = scene.cache();
      const good = await cache.verifiedFor(quote);
      scene.time += 2 * DAY_MS;
      scene.collateral = changed;
      assert.equal(await cache.verifiedFor(quote), good);
      assert.deepEqual(codesOf(scene.failures), ["rolled-back"]);
    });
  }

  it("to a lower evaluation number in one document is refused, whatever the other one says", async () => {
    for (const [tcbInfo, qeIdentity, nextTcbInfo, nextQeIdentity] of [
      [18, 17, 17, 17],
      [17, 18, 17, 17],
      [18, 18, 17, 19],
      [18, 18, 19, 17],
    ]) {
      const scene = new Scene();
      const numbered = (first = 0, second = 0) => ({
        tcbEvaluationDataNumber: first,
        qeIdentity: { members: { tcbEvaluationDataNumber: second } },
      });
      scene.collateral = numbered(tcbInfo, qeIdentity);
      const cache = scene.cache();
      await cache.verifiedFor(quote);
      scene.time += 2 * DAY_MS;
      scene.collateral = numbered(nextTcbInfo, nextQeIdentity);
      await cache.verifiedFor(quote);
      assert.deepEqual(codesOf(scene.failures), ["rolled-back"]);
    }
  });

  it("gave a newer list with another platform's documents: what is kept does not clear whom it revokes", async () => {
    const { serialNumber } = vendor.pck.certificate;
    for (const [revoked, isKept] of [
      [[], true],
      [[serialNumber], false],
    ] as const) {
      const scene = new Scene();
      const cache = scene.cache();
      const first = await cache.verifiedFor(quote);
      scene.time += HOUR_MS;
      scene.collateral = { ...ofOther, pckCrl: { revoked } };
      await cache.verifiedFor(other);
      scene.outage = true;
      if (isKept) {
        assert.equal(await cache.verifiedFor(quote), first);
      } else {
        await assert.rejects(cache.verifiedFor(quote), /outage/);
      }
      assert.equal((await cache.keptFor(quote)) === first, isKept);
    }
  });

  it("to an earlier issue of what it gave with another platform's documents is refused", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    await cache.verifiedFor(quote);
    scene.collateral = { ...ofOther, qeIdentity: { issueDate: earlier } };
    await assert.rejects(cache.verifiedFor(other), { code: "rolled-back" });
    scene.collateral = { ...ofOther, tcbInfo: { issueDate: earlier } };
    await cache.verifiedFor(other);
  });

  it("once the platform was forgotten is refused, too", async () => {
    const scene = new Scene();
    const cache = scene.cache({ maximumPlatforms: 1 });
    await cache.verifiedFor(quote);
    scene.collateral = ofOther;
    await cache.verifiedFor(other); // the first platform is forgotten, not how far its documents had come
    scene.collateral = { tcbInfo: { issueDate: earlier } };
    await assert.rejects(cache.verifiedFor(quote), { code: "rolled-back" });
  });
});

describe("a TCB recovery seen with one platform", () => {
  async function recovered(): Promise<{ scene: Scene; cache: ReturnType<Scene["cache"]> }> {
    const scene = new Scene();
    const cache = scene.cache();
    scene.collateral = { tcbEvaluationDataNumber: 17 };
    await cache.verifiedFor(quote);
    scene.collateral = { tcbEvaluationDataNumber: 18, ...ofOther };
    await cache.verifiedFor(other);
    return { scene, cache };
  }

  it("makes the collateral of the others renew at once", async () => {
    const { scene, cache } = await recovered();
    scene.collateral = { tcbEvaluationDataNumber: 18 };
    assert.equal((await cache.verifiedFor(quote)).tcbEvaluationDataNumber, 18);
    assert.equal(scene.fetches, 3);
  });

  it("ends the collateral of the others from before, outage or not", async () => {
    const { scene, cache } = await recovered();
    scene.outage = true;
    await assert.rejects(cache.verifiedFor(quote), { message: "outage" });
    scene.outage = false;
    scene.collateral = { tcbEvaluationDataNumber: 17 };
    await assert.rejects(cache.verifiedFor(quote), { code: "rolled-back" });
  });
});

describe("a renewal that proves a revocation", () => {
  const cases = [
    [vendor.root, "root-revoked"],
    [vendor.platformCa, "intermediate-revoked"],
    [vendor.tcbSigning, "tcb-signer-revoked"],
  ] as const;

  for (const [{ certificate }, code] of cases) {
    it(`is no outage: ${code} ends what is kept`, async () => {
      const scene = new Scene();
      const cache = scene.cache();
      await cache.verifiedFor(quote);
      scene.time += 2 * DAY_MS;
      scene.collateral = { rootCaCrl: { revoked: [certificate.serialNumber] } };
      await assert.rejects(cache.verifiedFor(quote), { name: "AttestationError", code });
      scene.outage = true;
      await assert.rejects(cache.verifiedFor(quote), { message: "outage" });
      assert.deepEqual(scene.failures, []);
    });
  }

  const revoked = [vendor.tcbSigning.certificate.serialNumber];

  it("ends what is kept also when its list has the date of the last one", async () => {
    const scene = new Scene();
    const cache = scene.cache({ maximumAgeMs: 1, retryMs: 1 });
    await cache.verifiedFor(quote);
    scene.time += 1;
    scene.collateral = { now: start, rootCaCrl: { revoked } };
    await assert.rejects(cache.verifiedFor(quote), { code: "tcb-signer-revoked" });
    scene.outage = true;
    await assert.rejects(cache.verifiedFor(quote), { message: "outage" });
  });

  it("ends what is kept of other platforms", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    await cache.verifiedFor(quote);
    scene.time += HOUR_MS;
    scene.collateral = { ...ofOther, rootCaCrl: { revoked } };
    await assert.rejects(cache.verifiedFor(other), { code: "tcb-signer-revoked" });
    scene.outage = true;
    await assert.rejects(cache.verifiedFor(quote), { message: "outage" });
  });

  it("cannot be undone with the documents from before it", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    await cache.verifiedFor(quote);
    scene.time += 2 * DAY_MS;
    scene.collateral = { rootCaCrl: { revoked } };
    await assert.rejects(cache.verifiedFor(quote), { code: "tcb-signer-revoked" });
    scene.collateral = { now: start };
    await assert.rejects(cache.verifiedFor(quote), { code: "rolled-back" });
    scene.collateral = {};
    await cache.verifiedFor(quote);
  });

  it("counts by a list that is signed, in its window, and not older than the last one", async () => {
    const scene = new Scene();
    const cache = scene.cache();
    const good = await cache.verifiedFor(quote);
    const stranger = (await createVendor({ now: start })).root;
    scene.time += 2 * DAY_MS;
    for (const rootCaCrl of [
      { revoked, thisUpdate: new Date(start.getTime() - 9 * DAY_MS), nextUpdate: start },
      { revoked, thisUpdate: new Date(start.getTime() + 9 * DAY_MS) },
      { revoked, thisUpdate: earlier },
      { revoked, signer: stranger },
    ]) {
      scene.time += HOUR_MS;
      scene.collateral = { rootCaCrl };
      assert.equal(await cache.verifiedFor(quote), good);
    }
    const codes = ["crl-expired", "crl-not-yet-valid", "rolled-back", "root-crl-signature-invalid"];
    assert.deepEqual(codesOf(scene.failures), codes);
  });
});
