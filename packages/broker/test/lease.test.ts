import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ReleaseOptions, requestRelease } from "../src/client/request-release.ts";
import { NodeSession } from "./node-session.ts";
import { createOwner, DEFAULT_PARTS, type Owner, platformOf, startTestBroker, type TestBroker } from "./setup.ts";

describe("the lease of a key", () => {
  let owner: Owner;
  let broker: TestBroker;
  let options: ReleaseOptions;

  before(async () => {
    owner = await createOwner();
    const models = DEFAULT_PARTS.models.replace("minimumVersion: 2", "minimumVersion: 2\n    lease: 1h");
    broker = await startTestBroker(owner, { models });
    options = { url: broker.url, caPem: owner.caPem, model: "alpha", platform: platformOf(owner.vendor) };
  });

  after(() => owner.dispose());

  it("is stated together with the key", async () => {
    assert.equal((await requestRelease(options)).leaseSeconds, 3600);
    assert.equal(broker.lastAttempt().asked, "key");
  });

  it("is renewed by fresh evidence that speaks for the package served, and the record says so", async () => {
    const renewed = await requestRelease({ ...options, servedManifestDigest: owner.manifestDigest });
    assert.deepEqual([renewed.leaseSeconds, renewed.manifestDigest], [3600, owner.manifestDigest]);
    const { asked, outcome, genuine } = broker.lastAttempt();
    assert.deepEqual([asked, outcome, genuine], ["renewal", "released", true]);
  });

  it("is not renewed for another package than the one configured", async () => {
    const other = "ab".repeat(32);
    await assert.rejects(requestRelease({ ...options, servedManifestDigest: other }), { code: "release-refused" });
    const { asked, outcome, step, code } = broker.lastAttempt();
    assert.deepEqual([asked, outcome, step, code], ["renewal", "refused", "decide", "package-replaced"]);
  });

  it("is not renewed for software that the policy does not accept", async () => {
    const platform = platformOf(owner.vendor, { mrEnclave: "33".repeat(32) });
    const request = { ...options, platform, servedManifestDigest: owner.manifestDigest };
    await assert.rejects(requestRelease(request), { code: "release-refused" });
    assert.deepEqual([broker.lastAttempt().asked, broker.lastAttempt().code], ["renewal", "policy-not-met"]);
  });

  it("is not renewed when the evidence speaks for no package, or for another than the request", async () => {
    const manifestDigest = Buffer.from(owner.manifestDigest, "hex");
    for (const [stated, sent] of [
      [new Uint8Array(), manifestDigest],
      [manifestDigest, new Uint8Array()],
      [new Uint8Array(32), manifestDigest],
    ] as const) {
      const session = await NodeSession.open(owner, broker);
      await session.challenge();
      const answer = await session.release({ statement: { manifestDigest: stated }, sent: { manifestDigest: sent } });
      assert.equal(answer.status, 403);
      assert.equal(broker.lastAttempt().code, "report-data-mismatch");
    }
  });

  it("is not renewed by a request whose digest is malformed", async () => {
    const session = await NodeSession.open(owner, broker);
    await session.challenge();
    const answer = await session.release({ sent: { manifestDigest: new Uint8Array(31) } });
    assert.equal(answer.status, 400);
  });
});
