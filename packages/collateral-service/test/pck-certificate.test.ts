import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { offlineFill } from "../src/offline-fill.ts";
import { fmspc, now, root } from "./support/documents.ts";
import { asAdmin, json, startService, type TestService } from "./support/service.ts";
import { BASE, PCE_SVN, QE_ID, uploadOf } from "./support/upload.ts";

let service: TestService;
before(async () => {
  service = await startService({ root, now: () => now });
  const body = JSON.stringify(await uploadOf());
  await service.client.send({
    method: "PUT",
    path: `${BASE}/platformcollateral`,
    headers: { ...asAdmin, ...json },
    body,
  });
});
after(() => service.stop());

/** Above the TCB of the machine, each another one. */
const askFor = async (number: number, base = BASE) => {
  const cpuSvn = `FFFFFFFFFF${number.toString(16).toUpperCase().padStart(4, "0")}${"F".repeat(18)}`;
  const path = `${base}/pckcert?qeid=${QE_ID}&pceid=0000&cpusvn=${cpuSvn}&pcesvn=${PCE_SVN}`;
  return (await service.client.send({ path })).status;
};

test("raw TCBs are answered without end, and remembered up to a bound", async () => {
  for (let number = 0x100; number < 0x100 + 300; number++) {
    assert.equal(await askFor(number), 200);
  }
  const listed = await service.client.send({ path: `${BASE}/platforms?source=[${fmspc}]`, headers: asAdmin });
  assert.equal(listed.headers["platform-count"], "256");
});

test("what API version 3 would have to fetch has ended", async () => {
  const lazy = await startService({
    root,
    fill: async (database) => ({ fill: { ...offlineFill(database, () => now), mode: "LAZY" } }),
  });
  const v3 = "/sgx/certification/v3";
  for (const path of [
    `${v3}/tcb?fmspc=${fmspc}`,
    `${v3}/pckcert?qeid=AA&pceid=0000&cpusvn=${"0".repeat(32)}&pcesvn=0000`,
  ]) {
    const answer = await lazy.client.send({ path });
    assert.equal(answer.status, 410);
    assert.match(String(answer.headers.warning), /^299 - "PCS API version 3 is no longer available/);
  }
  assert.equal((await lazy.client.send({ path: `${BASE}/tcb?fmspc=${fmspc}` })).status, 404);
  await lazy.stop();
});
