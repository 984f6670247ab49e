// Kills the service with -9 while it stores, again and again: what it had acknowledged is there afterwards.
// SEALSERVE_CRASH_ROUNDS sets how often, for each kind of database.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { databases } from "../../packages/collateral-service/test/support/databases.ts";
import { BASE, CERTIFICATE_PATH, uploadOf } from "../../packages/collateral-service/test/support/upload.ts";
import { CollateralProcess, TOKEN } from "../support/collateral-process.ts";

const ROUNDS = Number(process.env["SEALSERVE_CRASH_ROUNDS"] ?? 2);
const UPLOADS_A_ROUND = 40;
const json = { "content-type": "application/json" };

/** What the service has said that it stored. */
interface Acknowledged {
  /** TCB evaluation data number of the last upload. */
  evaluation: number;
  readonly hosts: Set<string>;
}

/** Uploads and registrations, one after the other, until the service is gone. */
async function keepWriting(
  service: CollateralProcess,
  bodies: readonly string[],
  acknowledged: Acknowledged,
  first: number,
) {
  for (const [index, body] of bodies.entries()) {
    const upload = {
      method: "PUT",
      path: `${BASE}/platformcollateral`,
      headers: { ...json, "admin-token": TOKEN },
      body,
    };
    assert.equal((await service.client.send(upload)).status, 200);
    acknowledged.evaluation = first + index;
    const host = `HOST${first + index}`;
    const registration = JSON.stringify({ qe_id: host, pce_id: "0000", platform_manifest: "00" });
    const headers = { ...json, "user-token": TOKEN };
    const { status } = await service.client.send({
      method: "POST",
      path: `${BASE}/platforms`,
      headers,
      body: registration,
    });
    assert.equal(status, 200);
    acknowledged.hosts.add(host);
  }
}

async function expectAll(service: CollateralProcess, { evaluation, hosts }: Acknowledged): Promise<void> {
  const queue = await service.client.send({ path: `${BASE}/platforms?keep=true`, headers: { "admin-token": TOKEN } });
  const queued = new Set((JSON.parse(queue.body.toString()) as { qe_id: string }[]).map(({ qe_id }) => qe_id));
  assert.deepEqual(
    [...hosts].filter((host) => !queued.has(host)),
    [],
  );
  if (evaluation === 0) {
    return;
  }
  const fmspc = service.vendor.machine.fmspc.toUpperCase();
  const tcb = await service.client.send({ path: `${BASE}/tcb?fmspc=${fmspc}` });
  assert.ok(JSON.parse(tcb.body.toString()).tcbInfo.tcbEvaluationDataNumber >= evaluation);
  assert.equal((await service.client.send({ path: CERTIFICATE_PATH })).status, 200);
}

async function round(service: CollateralProcess, acknowledged: Acknowledged, first: number): Promise<void> {
  const bodies = await Promise.all(
    Array.from({ length: UPLOADS_A_ROUND }, async (_, index) =>
      JSON.stringify(await uploadOf({ now: new Date(), tcbEvaluationDataNumber: first + index }, service.vendor)),
    ),
  );
  await service.start();
  await expectAll(service, acknowledged);
  const writing = keepWriting(service, bodies, acknowledged, first).catch((error: unknown) => {
    assert.ok(
      error instanceof Error && "code" in error && ["ECONNRESET", "ECONNREFUSED", "EPIPE"].includes(String(error.code)),
      String(error),
    );
  });
  await setTimeout(20 + Math.random() * 300);
  await service.stop("SIGKILL");
  await writing;
}

for (const [kind, { skip, start }] of Object.entries(databases)) {
  describe(`a service over ${kind} that is killed while it stores`, { skip }, () => {
    test(`has everything that it acknowledged, ${ROUNDS} times`, { timeout: 60_000 + ROUNDS * 10_000 }, async () => {
      const database = await start();
      const settings = kind === "SQLite" ? `sqlite: ${database.location}` : `postgres: "${database.location}"`;
      const service = await CollateralProcess.prepare(`database: { ${settings} }`);
      const acknowledged: Acknowledged = { evaluation: 0, hosts: new Set() };
      for (let index = 0; index < ROUNDS; index++) {
        await round(service, acknowledged, 1 + index * UPLOADS_A_ROUND);
      }
      await service.start();
      await expectAll(service, acknowledged);
      assert.ok(acknowledged.hosts.size > 0, "nothing was stored between the crashes");
      await service.stop();
      await service.remove();
      await database.stop();
    });
  });
}
