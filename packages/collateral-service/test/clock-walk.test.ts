import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { forecast } from "../src/forecast/forecast.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { listDocuments } from "../src/store/documents.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { openFill, openProvider, type TestProvider } from "./support/filling.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./support/upstream-server.ts";

const DAY_MS = 86_400_000;
/** How often a vendor issues anew what counts for 30 days, and how often the service refreshes, in days. */
const ISSUES = 7;
const REFRESHES = 5;
const start = new Date();
const raw = { cpuSvn: "0C0C0303FF0100000000000000000000", pceSvn: "0D00" };
const registration = { qeId: "AB", pceId: "0000", ...raw, encryptedPpid: encryptedPpid("01"), manifest: "" };

describe("a service over 60 days and an outage", () => {
  let pcs: SimulatedPcs;
  let upstream: UpstreamServer;
  let opened: TestProvider;
  let server: TestDatabase;
  let database: SqlDatabase;
  let day = 0;
  const clock = (): Date => new Date(start.getTime() + day * DAY_MS);
  const expired = async (): Promise<string[]> =>
    (await database.read((connection) => listDocuments(connection)))
      .filter(({ nextUpdate }) => nextUpdate < clock())
      .map(({ key }) => key);

  before(async () => {
    pcs = await simulatedPcs(start);
    await pcs.addPlatform({ ppid: registration.encryptedPpid });
    upstream = await startUpstream(pcs.reply);
    opened = openProvider(upstream);
    server = (await databases["SQLite"]?.start()) as TestDatabase;
    database = await server.open();
  });
  after(async () => {
    opened.exchange.close();
    await database.close();
    await server.stop();
    await upstream.close();
  });

  test("has everything in its window every day, and in an outage until the very day that was forecast", async () => {
    const fill = await openFill(pcs, opened.provider, database, { now: clock, absenceMs: 0 });
    await fill.registered(registration);
    await fill.complete(["standard"]);
    for (day = 1; day <= 60; day++) {
      if (day % ISSUES === 0) {
        await pcs.issue(clock());
      }
      if (day % REFRESHES === 0) {
        await fill.refresh({ kind: "documents" });
      }
      assert.deepEqual(await expired(), [], `day ${day}`);
    }
    upstream.reply = () => "reset";
    const { platforms } = await forecast(database, clock());
    const last = platforms[0]?.verifiableUntil ?? "";
    while ((await expired()).length === 0) {
      if (day % ISSUES === 0) {
        await assert.rejects(fill.refresh({ kind: "documents" }), { code: "unavailable" });
      }
      day += 1;
      assert.ok(day < 120);
    }
    assert.equal(clock().toISOString().slice(0, 10), last);
  });
});
