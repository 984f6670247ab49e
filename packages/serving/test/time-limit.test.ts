import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { TimeLimit, type TimeLimited } from "../src/transport/time-limit.ts";

/** An entry that a test waits for. */
function entry(): TimeLimited & { readonly isLate: Promise<void>; readonly times: () => number } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  return {
    late: () => {
      times++;
      resolve();
    },
    isLate: promise,
    times: () => times,
  };
}

/** Keeps the process alive, which a limit does not. */
async function alive<T>(wait: Promise<T>): Promise<T> {
  const timer = setTimeout(() => undefined, 60_000);
  return await wait.finally(() => clearTimeout(timer));
}

test("entries are late in the order in which they began, each once, and not before their time", async () => {
  const limit = new TimeLimit(30);
  const startedAt = performance.now();
  const [first, second, third] = [entry(), entry(), entry()];
  limit.start(first);
  const stopped = limit.start(second);
  limit.start(third);
  limit.stop(stopped);
  limit.stop(stopped);
  await alive(Promise.all([first.isLate, third.isLate]));
  assert.ok(performance.now() - startedAt >= 29);
  assert.deepEqual([first.times(), second.times(), third.times()], [1, 0, 1]);
});

test("a time that begins anew moves behind the others, and one that is over stays over", async () => {
  const limit = new TimeLimit(40);
  const [moved, other] = [entry(), entry()];
  const running = limit.start(moved);
  limit.start(other);
  limit.restart(running);
  await alive(other.isLate);
  await alive(moved.isLate);
  limit.restart(running);
  limit.stop(running);
  const last = entry();
  limit.start(last);
  await alive(last.isLate);
  assert.deepEqual([moved.times(), other.times(), last.times()], [1, 1, 1]);
});

test("a limit beyond the longest timer does not come at once", async () => {
  const limit = new TimeLimit(2 ** 40);
  const patient = entry();
  const running = limit.start(patient);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(patient.times(), 0);
  limit.stop(running);
});

test("what came while the process was paused is read before its time is found to be over", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const accepted = once(server, "connection");
  const sender = connect(address.port, address.address);
  t.after(() => sender.destroy());
  await once(sender, "connect");
  const [receiver]: Socket[] = await accepted;
  assert.ok(receiver !== undefined);
  const limit = new TimeLimit(500);
  const paused = entry();
  const running = limit.start(paused);
  const came = once(receiver, "data");
  receiver.on("data", () => limit.restart(running));
  sender.write("x");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  await came;
  assert.equal(paused.times(), 0);
  await alive(paused.isLate);
});
