// One piece of work at a time over all processes that share a database.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { oneAtATime } from "../src/fill/shared-flight.ts";
import { readFact, writeFact } from "../src/sql/schema.ts";
import { databases } from "./support/databases.ts";

for (const [kind, { skip, start }] of Object.entries(databases)) {
  describe(`work that processes share by ${kind}`, { skip }, () => {
    test("is done by one at a time, and other work meanwhile", async () => {
      const server = await start();
      const stores = [await server.open(), await server.open()] as const;
      let running = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        most = Math.max(most, ++running);
        await setTimeout(20);
        running--;
      };
      const generation = await stores[0].generation();
      await Promise.all(
        Array.from({ length: 6 }, (_, index) => oneAtATime(stores[index % 2 === 0 ? 0 : 1], "a", work)),
      );
      assert.deepEqual([most, running], [1, 0]);
      const inside = await oneAtATime(stores[0], "a", () => oneAtATime(stores[1], "b", async () => "done"));
      assert.equal(inside, "done");
      assert.equal(await stores[0].generation(), generation, "answers stay as they are");
      await Promise.all(stores.map((store) => store.close()));
      await server.stop();
    });

    test("is free again when it fails, and when the process that had it has ended long ago", async () => {
      const server = await start();
      const store = await server.open();
      await assert.rejects(
        oneAtATime(store, "a", () => Promise.reject(new Error("in vain"))),
        /in vain/,
      );
      await oneAtATime(store, "a", async () => {
        // As if a process had been killed in its work, and its lease had passed.
        await store.note((connection) => writeFact(connection, "flight/of-the-dead", Date.now() - 1));
      });
      await oneAtATime(store, "b", async () => undefined);
      assert.equal(await store.read((connection) => readFact(connection, "flight/of-the-dead")), undefined);
      await store.close();
      await server.stop();
    });

    test("does not wait for a process whose clock is far ahead", async () => {
      const server = await start();
      const [store, other] = [await server.open(), await server.open()] as const;
      await oneAtATime(store, "a", async () => {
        await store.note((connection) =>
          connection.query("UPDATE facts SET value = value + 3600000 WHERE name LIKE 'flight/%'"),
        );
        const begun = await Promise.race([
          oneAtATime(other, "a", async () => "begun"),
          setTimeout(5000, "waits", { ref: false }),
        ]);
        assert.equal(begun, "begun");
      });
      await Promise.all([store.close(), other.close()]);
      await server.stop();
    });
  });
}
