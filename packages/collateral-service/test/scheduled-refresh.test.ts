import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { CollateralFill } from "../src/fill.ts";
import { ProviderError } from "../src/provider.ts";
import { claimRefresh, finishRefresh, LEASE_MS } from "../src/refresh/claim.ts";
import { parseSchedule } from "../src/refresh/schedule.ts";
import { startScheduledRefresh } from "../src/refresh/scheduled-refresh.ts";
import type { SqlDatabase } from "../src/sql/database.ts";
import { databases, type TestDatabase } from "./support/databases.ts";

const schedule = parseSchedule("1h");
const start = new Date("2026-01-02T00:00:00Z");
/** One that is not due would be waited for without end. */
const SOON = { timeout: 20_000 };
const minutes = (count: number): Date => new Date(start.getTime() + count * 60_000);

for (const [name, kind] of Object.entries(databases)) {
  describe(`scheduled refreshes over ${name}`, { skip: kind.skip }, () => {
    let server: TestDatabase;
    let database: SqlDatabase;
    let replica: SqlDatabase;

    before(async () => {
      server = await kind.start();
      database = await server.open();
      replica = await server.open();
    });
    after(async () => {
      await replica?.close();
      await database?.close();
      await server?.stop();
    });

    test("are claimed once by the schedule, however many replicas try", async () => {
      const claim = (through: SqlDatabase, now: Date): Promise<boolean> => claimRefresh(through, schedule, now, start);
      assert.equal(await claim(database, minutes(59)), false);
      const tries = Array.from({ length: 8 }, (_, index) => claim(index % 2 === 0 ? database : replica, minutes(60)));
      assert.equal((await Promise.all(tries)).filter((won) => won).length, 1);
      await finishRefresh(database, minutes(61));
      assert.equal(await claim(replica, minutes(119)), false);
      assert.equal(await claim(replica, minutes(120)), true);
    });

    test("that were not finished are due again after their lease", async () => {
      const again = 120 + LEASE_MS / 60_000;
      assert.equal(await claimRefresh(database, schedule, minutes(again - 1), start), false);
      assert.equal(await claimRefresh(database, schedule, minutes(again), start), true);
      await finishRefresh(database, minutes(again));
    });

    test("are not put off by a process whose clock was wrong for a while", async () => {
      const inAYear = new Date(start.getTime() + 365 * 86_400_000);
      const since = minutes(150);
      assert.equal(await claimRefresh(database, schedule, inAYear, since), true);
      await finishRefresh(database, inAYear);
      assert.equal(await claimRefresh(replica, schedule, minutes(209), since), false);
      assert.equal(await claimRefresh(replica, schedule, minutes(210), since), true);
      const again = 210 + LEASE_MS / 60_000; // the one that the wrong clock finished is another
      assert.equal(await claimRefresh(database, schedule, minutes(again - 1), since), false);
      assert.equal(await claimRefresh(database, schedule, minutes(again), since), true);
      await finishRefresh(replica, minutes(again));
    });

    test(
      "of which upstream lacks a part are done: all would be fetched every quarter of an hour otherwise",
      SOON,
      async (t) => {
        const told = Promise.withResolvers<unknown>();
        const refresh = (): Promise<never> => Promise.reject(new ProviderError("not-found", "no such list any more"));
        const base = Date.now();
        const now = (): Date => new Date(minutes(300).getTime() + Date.now() - base);
        const running = startScheduledRefresh({
          database,
          fill: { refresh } as unknown as CollateralFill,
          schedule,
          now,
          jitterMs: 5,
          onRefresh: told.resolve,
        });
        t.after(() => running.stop());
        assert.match(String(((await told.promise) as { error: Error }).error), /no such list/);
        await running.stop();
        const inALease = new Date(minutes(301).getTime() + LEASE_MS);
        assert.equal(await claimRefresh(database, schedule, inALease, start), false);
      },
    );

    test("run on one of two replicas, and a failure is told and does not end them", SOON, async (t) => {
      let count = 0;
      const failing = { refresh: () => Promise.reject(new Error(`failed ${++count}`)) };
      const outcomes: unknown[] = [];
      const told = Promise.withResolvers<void>();
      const base = Date.now();
      const now = (): Date => new Date(minutes(600).getTime() + Date.now() - base);
      const run = (through: SqlDatabase) =>
        startScheduledRefresh({
          database: through,
          fill: failing as unknown as CollateralFill,
          schedule,
          now,
          jitterMs: 5,
          onRefresh: (outcome) => {
            outcomes.push(outcome);
            told.resolve();
          },
        });
      const both = [run(database), run(replica)];
      t.after(() => Promise.all(both.map((one) => one.stop())));
      await told.promise;
      await Promise.all(both.map((one) => one.stop()));
      assert.deepEqual(outcomes, [{ error: new Error("failed 1") }]);
    });

    test("come by the corrected clock, also to a process that was started when it was ahead", SOON, async (t) => {
      const told = Promise.withResolvers<unknown>();
      const base = Date.now();
      let isAhead = true; // when the process is started, which is the first time that it looks
      const now = (): Date => {
        const ahead = isAhead ? 365 * 86_400_000 : 0;
        isAhead = false;
        return new Date(minutes(-600).getTime() + ahead + Date.now() - base); // all others were started in time to come
      };
      const running = startScheduledRefresh({
        database,
        fill: { refresh: async () => ({ refreshed: 7 }) } as unknown as CollateralFill,
        schedule: { next: (last) => new Date(last.getTime() + 20) },
        now,
        jitterMs: 5,
        onRefresh: told.resolve,
      });
      t.after(() => running.stop());
      assert.deepEqual(await told.promise, { refreshed: 7 });
    });
  });
}
