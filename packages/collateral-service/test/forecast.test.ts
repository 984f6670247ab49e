import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { UpstreamFill } from "../src/fill/upstream-fill.ts";
import { type Forecast, forecast } from "../src/forecast/forecast.ts";
import { forecastText } from "../src/forecast/forecast-text.ts";
import { forecastAnswers } from "../src/server/forecast-answers.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { listPckCertificates, putPlatform } from "../src/store/platforms.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { anybody, openFill, openProvider, type TestProvider } from "./support/filling.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./support/upstream-server.ts";

const DAY_MS = 86_400_000;
const now = new Date();
const dayIn = (days: number): string => new Date(now.getTime() + days * DAY_MS).toISOString().slice(0, 10);
const ppid = encryptedPpid("01");
const registration = {
  qeId: "AB".repeat(16),
  pceId: "0000",
  cpuSvn: "0C0C0303FF0100000000000000000000",
  pceSvn: "0D00",
  encryptedPpid: ppid,
  manifest: "",
};

describe("a forecast", () => {
  let pcs: SimulatedPcs;
  let upstream: UpstreamServer;
  let server: TestDatabase;
  let database: SqlDatabase;
  let opened: TestProvider;
  let fill: UpstreamFill;

  const make = (at = now): Promise<Forecast> => forecast(database, at);

  before(async () => {
    pcs = await simulatedPcs(now);
    await pcs.addPlatform({ ppid });
    upstream = await startUpstream((request) => {
      return request.path.includes("update=early") ? later.reply(request) : pcs.reply(request);
    });
    const later = await pcs.variant(now, {
      tcbEvaluationDataNumber: 2,
      tcbStatus: "OutOfDate",
      advisoryIds: ["INTEL-SA-00001"],
    });
    server = (await databases["SQLite"]?.start()) as TestDatabase;
    database = await server.open();
    opened = openProvider(upstream);
    fill = await openFill(pcs, opened.provider, database);
  });
  after(async () => {
    opened.exchange.close();
    await database.close();
    await server.stop();
    await upstream.close();
  });

  test("of nothing says so", async () => {
    const made = await make();
    assert.deepEqual([made.changes, made.platforms], [[], []]);
    assert.match(forecastText(made), /Nothing is cached/);
  });

  test("names what a platform lacks for being verified", async () => {
    await fill.registered(registration);
    const [platform] = (await make()).platforms;
    assert.equal(platform?.verifiableUntil, null);
    assert.deepEqual(platform?.because, ["identity/QE/v4/standard is not stored", "pck-crl/platform is not stored"]);
  });

  test("names the day until which a platform can be verified, and what ends then", async () => {
    await fill.complete(["standard"]);
    const [platform] = (await make()).platforms;
    assert.equal(platform?.verifiableUntil, dayIn(30));
    const [first] = (await make()).changes;
    assert.deepEqual([first?.day, first?.daysLeft, first?.change], [dayIn(30), 29, "expires"]);
  });

  test("names the status that a platform has, and the one that it turns to with the evaluation that is out early", async () => {
    const { platforms, changes } = await make();
    const [tcb] = platforms[0]?.tcbs ?? [];
    assert.deepEqual([tcb?.status, tcb?.evaluationNumber], ["UpToDate", 1]);
    assert.deepEqual(tcb?.next, { status: "OutOfDate", advisoryIds: ["INTEL-SA-00001"], evaluationNumber: 2 });
    const turn = changes.at(-1);
    assert.equal(turn?.day, null);
    assert.match(turn?.change ?? "", /^turns from UpToDate to OutOfDate/);
    assert.match(turn?.why ?? "", /INTEL-SA-00001/);
  });

  test("sees the end of certificates far away", async () => {
    const { changes } = await make();
    assert.ok(
      changes.some(({ change, daysLeft }) => /loses its PCK certificate/.test(change) && (daysLeft ?? 0) > 2500),
    );
    assert.ok(changes.some(({ change }) => change === "loses a certificate of its issuer chain"));
  });

  test("made later shows what is past, and predicts the same day for it", async () => {
    const { changes, platforms } = await make(new Date(now.getTime() + 40 * DAY_MS));
    assert.deepEqual([changes[0]?.day, changes[0]?.daysLeft], [dayIn(30), -11]);
    assert.equal(platforms[0]?.verifiableUntil, dayIn(30));
  });

  test("that is asked for again is the last one for a while, unless the clock was put back meanwhile", async () => {
    let at = now.getTime();
    const answers = forecastAnswers(database, () => new Date(at));
    const madeAt = async (time: number): Promise<string> => {
      at = time;
      const { body } = await answers({ path: "/forecast", query: "", admission: anybody });
      return (JSON.parse(body.toString()) as { at: string }).at;
    };
    const [start, inAYear] = [now.getTime(), now.getTime() + 365 * DAY_MS];
    assert.equal(await madeAt(inAYear), new Date(inAYear).toISOString());
    assert.equal(await madeAt(start), now.toISOString());
    assert.equal(await madeAt(start + 30_000), now.toISOString());
    assert.equal(await madeAt(start + 30_001), new Date(start + 30_001).toISOString());
  });

  test("of many platforms lets the process do other work meanwhile", async () => {
    await database.write(async (connection) => {
      for (let index = 0; index < 20; index++) {
        const ids = { qeId: `${index}`, pceId: "0000", manifest: "", encryptedPpid: "", issuerChain: "" };
        await putPlatform(connection, { ...ids, fmspc: "00906EA10000", ca: "platform" });
      }
    });
    const made = new AbortController();
    const countTurns = async (turns = 0): Promise<number> => {
      await setImmediate();
      return made.signal.aborted ? turns : countTurns(turns + 1);
    };
    const counting = countTurns();
    await make();
    made.abort();
    assert.ok((await counting) >= 20);
  });

  test("knows a platform whose certificate was revoked", async () => {
    const pem = (await database.read((connection) => listPckCertificates(connection, registration)))[0]?.pem ?? "";
    await pcs.issue(new Date(now.getTime() + 1000), { pckCrl: { revoked: [pcs.serialOf(pem)], number: 2 } });
    const refreshing = await openFill(pcs, opened.provider, database, { now: () => new Date(now.getTime() + 2000) });
    await refreshing.refresh({ kind: "documents" });
    const made = await make();
    assert.equal(made.platforms.find(({ qeId }) => qeId === registration.qeId)?.tcbs[0]?.status, "Revoked");
    assert.match(forecastText(made), /Revoked/);
    assert.ok(!made.changes.some(({ change }) => change.startsWith("turns")));
  });
});
