import assert from "node:assert/strict";
import { request } from "node:https";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import { trustedRootFromPem } from "@sealserve/attestation";
import { CollateralMetrics } from "../src/metrics/collateral-metrics.ts";
import { openUpstream, type UpstreamOptions } from "../src/open-upstream.ts";
import { startMonitoring } from "../src/server/start-monitoring.ts";
import { upstreamParts } from "../src/server/upstream-parts.ts";
import { INTEL_PCS } from "../src/upstream/pcs-address.ts";
import { asAdmin, asUser, json, startService, type TestService } from "./support/service.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamReply, type UpstreamServer } from "./support/upstream-server.ts";

const now = new Date();
const BASE = "/sgx/certification/v4";
const ppid = encryptedPpid("01");
const pckcert = `${BASE}/pckcert?qeid=${"AB".repeat(16)}&encrypted_ppid=${ppid}&cpusvn=0C0C0303FF0100000000000000000000&pcesvn=0D00&pceid=0000`;
const tcb = `${BASE}/tcb?fmspc=53494d554c38`;

describe("the service with an upstream", () => {
  let pcs: SimulatedPcs;
  let upstream: UpstreamServer;
  let service: TestService;
  let metrics: CollateralMetrics;

  const start = async (options: Partial<UpstreamOptions> = {}): Promise<TestService> => {
    const root = await trustedRootFromPem(pcs.vendor.rootPem);
    const clock = options.now ?? (() => new Date());
    const settings: UpstreamOptions = {
      ...upstream.settings,
      mode: "LAZY",
      url: INTEL_PCS,
      apiKeys: ["key"],
      attempts: { attempts: 2, firstPauseMs: 1 },
      timeoutMs: 1500,
      root,
      now: clock,
      metrics,
      onFailure: () => undefined,
      ...options,
    };
    return startService({
      root,
      now: clock,
      fill: async (database) => upstreamParts(openUpstream(settings, database)),
    });
  };
  /** Of what those who run the service see. */
  const monitor = async (path: string): Promise<string> => {
    const database = await service.database.open();
    const options = { database, metrics, now: () => new Date(), isReady: () => true, onFault: () => undefined };
    const monitoring = await startMonitoring({ ...options, listen: { host: "127.0.0.1", port: 0 } });
    const text = await (await fetch(`${monitoring.url}${path}`)).text();
    await monitoring.close();
    await database.close();
    return text;
  };
  const get = async (path: string, headers = {}) => {
    const { status, headers: sent, body } = await service.client.send({ path, headers });
    return { status, headers: sent, text: body.toString() };
  };

  before(async () => {
    pcs = await simulatedPcs(now);
    await pcs.addPlatform({ ppid });
  });
  beforeEach(async () => {
    metrics = new CollateralMetrics();
    upstream = await startUpstream(pcs.reply);
    service = await start();
  });
  afterEach(async () => {
    await service.stop();
    await upstream.close();
  });

  test("gives 32 clients of one unknown platform 32 answers by one round upstream", async () => {
    const answers = await Promise.all(Array.from({ length: 32 }, () => get(pckcert)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    assert.equal(answers[0]?.headers["sgx-fmspc"], "53494D554C38");
    assert.equal(upstream.seen.length, 6, "certificates, four TCB infos, the list of the root");
  });

  test("goes on for the others when one of the waiting clients goes away", async () => {
    const asked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    upstream.reply = async (seen) => {
      asked.resolve();
      await goOn.promise;
      return pcs.reply(seen);
    };
    const leaver = request(new URL(tcb, service.server.url), { rejectUnauthorized: false }).end();
    leaver.on("error", () => undefined);
    await asked.promise;
    const stayer = get(tcb);
    leaver.destroy();
    goOn.resolve();
    assert.equal((await stayer).status, 200);
    assert.equal(upstream.seen.filter(({ path }) => path.includes("/tcb?")).length, 1);
  });

  test("takes 24 registrations at one time", async () => {
    const body = (index: number): string =>
      JSON.stringify({
        qe_id: `${index}`.padStart(32, "0"),
        pce_id: "0000",
        cpu_svn: "0c0c0303ff0100000000000000000000",
        pce_svn: "0d00",
        enc_ppid: ppid,
      });
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        service.client.send({
          method: "POST",
          path: `${BASE}/platforms`,
          headers: { ...json, ...asUser },
          body: body(index),
        }),
      ),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const cached = await get(`${BASE}/platforms?source=[]`, asAdmin);
    assert.equal(cached.headers["platform-count"], "24");
  });

  const troubles: readonly (readonly [string, UpstreamReply, number])[] = [
    ["is out of order", { status: 503, headers: {}, body: "" }, 503],
    ["has too many callers", { status: 429, headers: { "Retry-After": "7" }, body: "" }, 503],
    ["breaks off", "reset", 503],
    ["hangs", "hang", 503],
    ["sends garbage", { status: 200, headers: { "Content-Type": "application/json" }, body: "{" }, 503],
    ["sends elsewhere", { status: 301, headers: { Location: "https://attacker.invalid" }, body: "" }, 503],
    [
      "sends a huge body",
      { status: 200, headers: { "Content-Type": "application/json" }, body: "x".repeat(5_000_000) },
      503,
    ],
    ["does not know it", { status: 404, headers: {}, body: "" }, 404],
  ];
  for (const [what, reply, status] of troubles) {
    test(`answers with ${status} when upstream ${what}, and with what it has where it has it`, async () => {
      assert.equal((await get(`${BASE}/qe/identity`)).status, 200);
      upstream.reply = () => reply;
      const answer = await get(tcb);
      assert.equal(answer.status, status);
      assert.equal(answer.headers["retry-after"] !== undefined, status === 503);
      assert.equal((await get(`${BASE}/qe/identity`)).status, 200);
      upstream.reply = pcs.reply;
    });
  }

  test("refreshes by call, keeps its last good when that fails, and says so", async () => {
    assert.equal((await get(tcb)).status, 200);
    upstream.reply = () => "reset";
    assert.equal((await get(`${BASE}/refresh`, asAdmin)).status, 503);
    assert.equal((await get(tcb)).status, 200);
    upstream.reply = pcs.reply;
    assert.equal((await get(`${BASE}/refresh`, asAdmin)).status, 200);
  });

  test("is never stale silently", async () => {
    await service.stop();
    let time = now;
    service = await start({ now: () => time });
    const fresh = await get(tcb);
    assert.equal(fresh.headers["warning"], undefined);
    upstream.reply = () => "reset";
    time = new Date(now.getTime() + 31 * 86_400_000);
    const late = await get(tcb);
    assert.deepEqual([late.status, late.headers["warning"]], [200, '110 - "Response is Stale"']);
  });

  test("counts hits, misses, fetches, ages and days to expiry, without anything of requests", async () => {
    await get(pckcert);
    await get(tcb);
    await get(`${BASE}/tcb?fmspc=AAAAAAAAAAAA`);
    const text = await monitor("/metrics");
    for (const line of [
      'sealserve_collateral_upstream_requests_total{operation="tcb-info",outcome="ok"} 4',
      'sealserve_collateral_upstream_requests_total{operation="tcb-info",outcome="not-found"} 1',
      'sealserve_collateral_misses_total{kind="platform"} 1',
      "sealserve_collateral_platforms 1",
      'sealserve_collateral_documents{kind="tcb-info"} 4',
      'sealserve_collateral_answers_total{status="200",ready="false"} 2',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`);
    }
    assert.match(text, /sealserve_collateral_days_to_expiry\{kind="tcb-info"\} 29\.9/);
    assert.ok(!/53494D|AAAAAA|ABAB/i.test(text));
  });

  test("forecasts without naming platforms", async () => {
    await get(pckcert);
    const text = await monitor("/forecast");
    const { platforms } = JSON.parse(text) as { platforms: { fmspc: string; qeId: string }[] };
    assert.deepEqual([platforms[0]?.fmspc, platforms[0]?.qeId], ["53494D554C38", ""]);
    assert.ok(!text.includes("ABABAB"));
    const people = await monitor("/forecast?format=text");
    assert.match(people, /^Forecast of /);
    assert.ok(!people.includes("ABABAB"));
  });

  test("has the paths of AMD's service, and no others like them", async () => {
    assert.equal((await get("/vcek/v1/Milan/cert_chain")).status, 404);
    assert.equal(upstream.seen.at(-1)?.host, "kdsintf.amd.com");
    const count = upstream.seen.length;
    assert.equal((await get("/vcek/v1/Naples/cert_chain")).status, 404);
    assert.equal(upstream.seen.length, count);
  });

  test("without an upstream has none of all this to fetch", async () => {
    await service.stop();
    service = await start({ mode: "OFFLINE" });
    assert.equal((await get(tcb)).status, 404);
    assert.equal((await get(pckcert)).status, 461);
    assert.equal((await get("/vcek/v1/Milan/cert_chain")).status, 404);
    assert.equal((await get(`${BASE}/refresh`, asAdmin)).status, 503);
    assert.equal(upstream.seen.length, 0);
  });
});
