import assert from "node:assert/strict";
import { test } from "node:test";
import { ChangeSignal } from "../../src/life/change-signal.ts";

test("those who wait are asked at once and after every change, until they have a value", async () => {
  const signal = new ChangeSignal();
  let value: number | undefined = 1;
  assert.equal(await signal.until(() => value), 1);
  value = undefined;
  let asked = 0;
  const waiting = signal.until(() => {
    asked++;
    return value;
  });
  signal.notify();
  value = 2;
  signal.notify();
  assert.equal(await waiting, 2);
  signal.notify();
  assert.equal(asked, 3, "nobody waits any more");
});

test("a check that throws ends its own waiting, and neither the change nor the others", async () => {
  const signal = new ChangeSignal();
  let changed = false;
  const broken = signal.until(() => {
    if (changed) {
      throw new Error("cannot tell");
    }
    return undefined;
  });
  const well = signal.until(() => (changed ? "told" : undefined));
  changed = true;
  const failure = assert.rejects(broken, /cannot tell/);
  signal.notify();
  assert.equal(await well, "told");
  await failure;
  signal.notify();
  await assert.rejects(
    signal.until(() => {
      throw new Error("at once");
    }),
    /at once/,
  );
});

test("a signal ends the waiting with its reason, also when it has fired before", async () => {
  const signal = new ChangeSignal();
  const stop = new AbortController();
  const waiting = signal.until(() => undefined, stop.signal);
  stop.abort(new Error("given up"));
  await assert.rejects(waiting, /given up/);
  await assert.rejects(
    signal.until(() => true, stop.signal),
    /given up/,
  );
});
