import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { databases } from "./support/databases.ts";
import { now, root } from "./support/documents.ts";
import { asAdmin, asUser, json, startService, type TestService } from "./support/service.ts";
import { BASE, CERTIFICATE_PATH, uploadOf } from "./support/upload.ts";

const times = <Result>(count: number, act: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => act(index)));

for (const [kind, { skip }] of Object.entries(databases)) {
  describe(`at once, over ${kind}`, { skip }, () => {
    let service: TestService;
    before(async () => {
      service = await startService({ root, now: () => now }, kind);
    });
    after(() => service.stop());

    const put = async (body: string): Promise<number> => {
      const path = `${BASE}/platformcollateral`;
      return (await service.client.send({ method: "PUT", path, headers: { ...asAdmin, ...json }, body })).status;
    };

    test("24 hosts register, and none is lost", async () => {
      const statuses = await times(24, async (index) => {
        const body = JSON.stringify({ qe_id: `HOST${index}`, pce_id: "0000", platform_manifest: "00" });
        const headers = { ...asUser, ...json };
        return (await service.client.send({ method: "POST", path: `${BASE}/platforms`, headers, body })).status;
      });
      assert.deepEqual(new Set(statuses), new Set([200]));
      const queue = await service.client.send({ path: `${BASE}/platforms`, headers: asAdmin });
      assert.equal(queue.headers["platform-count"], "24");
    });

    test("16 uploads and 64 reads of what they write all succeed", async () => {
      const body = JSON.stringify(await uploadOf());
      assert.equal(await put(body), 200);
      const [uploads, reads] = await Promise.all([
        times(16, () => put(body)),
        times(64, async () => (await service.client.send({ path: CERTIFICATE_PATH })).status),
      ]);
      assert.deepEqual([new Set(uploads), new Set(reads)], [new Set([200]), new Set([200])]);
      assert.deepEqual(service.faults, []);
    });
  });
}
