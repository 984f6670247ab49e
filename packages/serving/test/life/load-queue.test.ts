import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadQueue } from "../../src/life/load-queue.ts";

const never = new AbortController().signal;

/** A task that says when it has begun and ends when told. */
function task(name: string, begun: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run = async (): Promise<void> => {
    begun.push(name);
    await promise;
  };
  return { run, end: resolve };
}

test("loads run in order, as many at a time as the limit says", async () => {
  const begun: string[] = [];
  const queue = new LoadQueue(1);
  const [a, b, c] = [task("a", begun), task("b", begun), task("c", begun)];
  const [first, second, third] = [queue.run(a.run, never), queue.run(b.run, never), queue.run(c.run, never)];
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a"]);
  queue.setLimit(2);
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a", "b"]);
  b.end();
  await second;
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a", "b", "c"]);
  a.end();
  c.end();
  await Promise.all([first, third]);
});

test("a failed load makes room for the next", async () => {
  const queue = new LoadQueue(1);
  const failing = queue.run(() => Promise.reject(new Error("broken")), never);
  const next = queue.run(async () => "done", never);
  await assert.rejects(failing, /broken/);
  assert.equal(await next, "done");
});

test("a load that is given up before its turn never begins", async () => {
  const begun: string[] = [];
  const queue = new LoadQueue(1);
  const [running, waiting] = [task("running", begun), task("waiting", begun)];
  const stop = new AbortController();
  const first = queue.run(running.run, never);
  const second = queue.run(waiting.run, stop.signal);
  stop.abort(new Error("unwanted"));
  await assert.rejects(second, /unwanted/);
  await assert.rejects(queue.run(waiting.run, stop.signal), /unwanted/);
  running.end();
  await first;
  assert.deepEqual(begun, ["running"]);
  assert.equal(await queue.run(async () => "next", never), "next", "what was given up takes nobody's place");
});
