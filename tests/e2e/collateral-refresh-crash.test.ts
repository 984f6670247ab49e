// Kills the service with -9 while it refreshes, again and again: each document is whole, proven and no older than before.
// SEALSERVE_CRASH_ROUNDS sets how often, for each kind of database.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { trustedRootFromPem } from "@sealserve/attestation";
import type { SqlDatabase } from "../../packages/collateral-service/src/sql/database.ts";
import { findDocument, listDocuments } from "../../packages/collateral-service/src/store/documents.ts";
import { idOfKey } from "../../packages/collateral-service/src/store/id-of-key.ts";
import { verifyDocument } from "../../packages/collateral-service/src/verify-document.ts";
import { databases } from "../../packages/collateral-service/test/support/databases.ts";
import {
  encryptedPpid,
  type SimulatedPcs,
  simulatedPcs,
} from "../../packages/collateral-service/test/support/simulated-pcs.ts";
import { startUpstream } from "../../packages/collateral-service/test/support/upstream-server.ts";
import { CollateralProcess, TOKEN } from "../support/collateral-process.ts";

const ROUNDS = Number(process.env["SEALSERVE_CRASH_ROUNDS"] ?? 2);
const BASE = "/sgx/certification/v4";
const now = new Date();

/** By key: the evaluation number that was seen last. */
type Seen = Map<string, number>;

/** Issues and refreshes until the service is gone. Resolves with the last evaluation whose refresh was acknowledged, or 0. */
async function keepRefreshing(service: CollateralProcess, pcs: SimulatedPcs, first: number): Promise<number> {
  let acknowledged = 0;
  for (let evaluation = first; ; evaluation++) {
    await pcs.issue(now, { tcbEvaluationDataNumber: evaluation });
    const asked = service.client.send({ method: "POST", path: `${BASE}/refresh`, headers: { "admin-token": TOKEN } });
    const answer = await asked.catch(() => undefined); // killed
    if (answer === undefined) {
      return acknowledged;
    }
    assert.equal(answer.status, 200);
    acknowledged = evaluation;
  }
}

async function expectWhole(database: SqlDatabase, pcs: SimulatedPcs, acknowledged: number, seen: Seen): Promise<void> {
  const root = await trustedRootFromPem(pcs.vendor.rootPem);
  const facts = await database.read((connection) => listDocuments(connection));
  assert.ok(facts.length >= 10);
  for (const { key } of facts) {
    const stored = await database.read((connection) => findDocument(connection, key));
    const id = idOfKey(key);
    assert.ok(stored !== undefined && id !== undefined, key);
    await verifyDocument(id, stored, { trust: { root, clock: { now: new Date() } }, fetchedAt: now });
    if (stored.evaluationNumber !== undefined) {
      assert.ok(stored.evaluationNumber >= acknowledged, `${key}: ${stored.evaluationNumber} after ${acknowledged}`);
      assert.ok(stored.evaluationNumber >= (seen.get(key) ?? 0), `${key} went back`);
      seen.set(key, stored.evaluationNumber);
    }
  }
}

for (const [name, { skip, start }] of Object.entries(databases)) {
  describe(`a refresh over ${name} that is killed`, { skip }, () => {
    test(`${ROUNDS} times leaves every document whole, proven and no older`, async () => {
      const pcs = await simulatedPcs(now);
      await pcs.addPlatform({ ppid: encryptedPpid("01") });
      const upstream = await startUpstream(pcs.reply);
      const server = await start();
      const database = await server.open();
      const store = name === "SQLite" ? `sqlite: "${server.location}"` : `postgres: "${server.location}"`;
      const service = await CollateralProcess.prepare(
        `database: { ${store} }\nupstream: { mode: REQ, proxy: "${upstream.settings.proxy}/", tlsRoots: upstream.pem }`,
      );
      await writeFile(join(service.folder, "root.pem"), pcs.vendor.rootPem);
      await writeFile(join(service.folder, "upstream.pem"), upstream.settings.tlsRoots);
      try {
        await service.start();
        const registered = await service.client.send({
          method: "POST",
          path: `${BASE}/platforms?update=all`,
          headers: { "content-type": "application/json", "user-token": TOKEN },
          body: JSON.stringify({
            qe_id: "AB",
            pce_id: "0000",
            cpu_svn: "0c0c0303ff0100000000000000000000",
            pce_svn: "0d00",
            enc_ppid: encryptedPpid("01"),
          }),
        });
        assert.equal(registered.status, 200);
        const seen: Seen = new Map();
        for (let round = 1; round <= ROUNDS; round++) {
          const refreshing = keepRefreshing(service, pcs, round * 1000);
          await setTimeout(200 + Math.random() * 1000);
          await service.stop("SIGKILL");
          await expectWhole(database, pcs, await refreshing, seen);
          await service.start();
        }
      } finally {
        await service.stop().catch(() => undefined); // it may have been killed
        await service.remove();
        await database.close();
        await server.stop();
        await upstream.close();
      }
    });
  });
}
