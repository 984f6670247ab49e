// The port for those who run the service: what it answers, and that nothing of it is on the service's own port (threat F6).
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { CollateralMetrics } from "../src/metrics/collateral-metrics.ts";
import { type Monitoring, startMonitoring } from "../src/server/start-monitoring.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { startService, type TestService } from "./support/service.ts";

describe("monitoring", () => {
  let service: TestService;
  let database: SqlDatabase;
  let monitoring: Monitoring;
  let metrics: CollateralMetrics;
  let isReady: boolean;

  beforeEach(async () => {
    service = await startService();
    database = await service.database.open();
    metrics = new CollateralMetrics();
    isReady = true;
    monitoring = await startMonitoring({
      listen: { host: "127.0.0.1", port: 0 },
      database,
      metrics,
      now: () => new Date(),
      isReady: () => isReady,
      onFault: () => undefined,
    });
  });
  afterEach(async () => {
    await monitoring.close();
    await database.close();
    await service.stop();
  });
  const get = (path: string, method = "GET"): Promise<Response> => fetch(`${monitoring.url}${path}`, { method });

  test("says whether the service can do its work", async () => {
    const ready = await get("/ready");
    assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, database: true, service: true }]);
    isReady = false;
    const not = await get("/ready");
    assert.deepEqual([not.status, await not.json()], [503, { ready: false, database: true, service: false }]);
  });

  test("has metrics and the forecast, and they are for reading alone", async () => {
    assert.match(await (await get("/metrics")).text(), /^# HELP sealserve_collateral_answers_total/);
    assert.match(await (await get("/forecast?format=text")).text(), /^Forecast of /);
    for (const method of ["POST", "PUT", "DELETE"]) {
      assert.equal((await get("/metrics", method)).status, 404);
    }
    assert.equal((await get("/sgx/certification/v4/platforms")).status, 404);
  });

  test("counts for other processes what they have counted, and no label comes from them twice", async () => {
    const worker = new CollateralMetrics();
    worker.answered(200, true);
    worker.answered(200, true);
    metrics.answered(200, true);
    metrics.give(worker.take());
    worker.answered(404, false);
    metrics.give(worker.take());
    metrics.give(worker.take());
    const text = await (await get("/metrics")).text();
    assert.match(text, /answers_total\{status="200",ready="true"\} 3\n/);
    assert.match(text, /answers_total\{status="404",ready="false"\} 1\n/);
  });

  test("is not on the port of the service", async () => {
    for (const path of ["/metrics", "/forecast", "/ready"]) {
      assert.equal((await service.client.send({ path })).status, 404);
    }
    assert.equal((await service.client.send({ path: "/health" })).status, 200);
  });

  test("and the service have every path of the description, and no other of their tables is left out of it", async () => {
    const { paths } = JSON.parse((await service.client.send({ path: "/openapi.json" })).body.toString());
    for (const [path, item] of Object.entries(paths as Record<string, { servers?: object[]; get?: object }>)) {
      const asked = path.replace("{product}", "Milan").replace("{chip}", "0".repeat(128));
      const allow = (await service.client.send({ path: asked, method: "OPTIONS" })).headers["allow"];
      const { servers, ...operations } = item;
      if (servers !== undefined) {
        assert.equal((await get(path)).status, 200, path);
      } else if (allow !== undefined) {
        const methods = allow.split(",").filter((method) => method !== "HEAD");
        assert.deepEqual(
          new Set(methods.map((method) => method.toLowerCase())),
          new Set(Object.keys(operations)),
          path,
        );
      } else {
        assert.deepEqual(Object.keys(operations), ["get"], path);
      }
    }
    assert.deepEqual(
      ["/health", "/metrics", "/vcek/v1/{product}/{chip}", "/vlek/v1/{product}/cert"].filter(
        (path) => !(path in paths),
      ),
      [],
    );
  });
});
