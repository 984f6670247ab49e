import assert from "node:assert/strict";
import { test } from "node:test";
import { Closers } from "../src/node/closers.ts";

test("everything is closed once, last opened first, also when some of it fails or hangs", async () => {
  const closed: string[] = [];
  const closers = new Closers(50);
  const closable = (name: string, close: () => Promise<void>) => ({
    close: async () => {
      closed.push(name);
      await close();
    },
  });
  const done = async (): Promise<void> => undefined;
  closers.add(closable("platform", done));
  closers.add(closable("engine", async () => await new Promise(() => undefined)));
  closers.add(closable("ports", async () => await Promise.reject(new Error("broken"))));
  await assert.rejects(closers.closeAll(), /broken/);
  assert.deepEqual(closed, ["ports", "engine", "platform"]);
  await closers.closeAll();
  assert.equal(closed.length, 3);
});
