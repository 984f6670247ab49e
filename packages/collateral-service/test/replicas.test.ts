import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { UpstreamFill } from "../src/fill/upstream-fill.ts";
import { startScheduledRefresh } from "../src/refresh/scheduled-refresh.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { listDocuments } from "../src/store/documents.ts";
import { findResolvedTcb } from "../src/store/platforms.ts";
import { databases, type TestDatabase } from "./support/databases.ts";
import { openFill, openProvider, type TestProvider } from "./support/filling.ts";
import { encryptedPpid, type SimulatedPcs, simulatedPcs } from "./support/simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./support/upstream-server.ts";

const now = new Date();
const raw = { cpuSvn: "0C0C0303FF0100000000000000000000", pceSvn: "0D00" };
const registration = { qeId: "AB", pceId: "0000", ...raw, encryptedPpid: encryptedPpid("01"), manifest: "" };
const { skip, start } = databases["PostgreSQL"] as (typeof databases)[string];

describe("two services over one PostgreSQL database", { skip }, () => {
  let pcs: SimulatedPcs;
  let upstream: UpstreamServer;
  let opened: TestProvider;
  let server: TestDatabase;
  let stores: SqlDatabase[];
  let fills: UpstreamFill[];

  before(async () => {
    pcs = await simulatedPcs(now);
    await pcs.addPlatform({ ppid: registration.encryptedPpid });
    upstream = await startUpstream(pcs.reply);
    opened = openProvider(upstream);
    server = await start();
    stores = [await server.open(), await server.open()];
    fills = await Promise.all(stores.map((store) => openFill(pcs, opened.provider, store)));
  });
  after(async () => {
    opened?.exchange.close();
    await Promise.all(stores?.map((store) => store.close()) ?? []);
    await server?.stop();
    await upstream?.close();
  });

  test("fill the same platform at one time, and each then has what the other has", async () => {
    await Promise.all(
      fills.map(async (fill) => {
        await fill.registered(registration);
        await fill.complete(["standard"]);
      }),
    );
    for (const store of stores) {
      assert.ok(await store.read((connection) => findResolvedTcb(connection, registration, raw)));
      assert.equal((await store.read((connection) => listDocuments(connection))).length, 10);
    }
    const rounds = upstream.seen.filter(({ path }) => path.includes("/pckcerts")).length;
    assert.equal(rounds, 1);
    const paths = upstream.seen
      .map(({ path }) => path)
      .filter((path) => !path.includes("/qe/identity?update=standard"));
    assert.equal(new Set(paths).size, paths.length, "each document once");
    const count = upstream.seen.length;
    await Promise.all(fills.map((fill) => fill.registered(registration)));
    assert.equal(upstream.seen.length, count);
  });

  test("refresh once when it is due", async () => {
    const due = new Date(now.getTime() + 1000);
    const never = new Date(8.64e15);
    const earlier = upstream.seen.length;
    const ended: unknown[] = [];
    const done = Promise.withResolvers<void>();
    let started = false;
    const running = stores.map((database, index) =>
      startScheduledRefresh({
        database,
        fill: fills[index] as UpstreamFill,
        schedule: { next: (last) => (last < due ? due : never) },
        now: () => (started ? new Date(due.getTime() + 1000) : now),
        jitterMs: 5,
        onRefresh: (outcome) => {
          ended.push(outcome);
          done.resolve();
        },
      }),
    );
    started = true;
    await done.promise;
    await Promise.all(running.map((one) => one.stop()));
    assert.deepEqual(ended, [{ refreshed: 13 }]);
    assert.equal(
      upstream.seen.length - earlier,
      14,
      "each document once, and an identity for the place of the root's list",
    );
  });
});
