import assert from "node:assert/strict";
import { test } from "node:test";

import { Slots } from "../../src/libtensorflow/slots.ts";

/** Work that ends when it is told to. */
function work(begun: string[], name: string) {
  const end = Promise.withResolvers<string>();
  return {
    start: () => {
      begun.push(name);
      return end.promise;
    },
    end: () => end.resolve(name),
    fail: () => end.reject(new Error(name)),
  };
}

const turn = (): Promise<void> => new Promise(setImmediate);

test("as many go on as there are slots, others follow in order, after a failure too", async () => {
  const slots = new Slots(2);
  const begun: string[] = [];
  const works = ["a", "b", "c", "d"].map((name) => work(begun, name));
  const results = works.map(({ start }) => slots.use(undefined, start));
  await turn();
  assert.deepEqual(begun, ["a", "b"]);
  works[1]?.fail();
  await assert.rejects(results[1] ?? Promise.resolve(), /b/);
  await turn();
  assert.deepEqual(begun, ["a", "b", "c"]);
  for (const { end } of works) {
    end();
  }
  assert.deepEqual(await Promise.all([results[0], results[2], results[3]]), ["a", "c", "d"]);
});

test("who is not waited for any more does not begin, and keeps nobody's turn", async () => {
  const slots = new Slots(1);
  const begun: string[] = [];
  const [first, left, next] = [work(begun, "first"), work(begun, "left"), work(begun, "next")];
  const stop = new AbortController();
  const running = slots.use(undefined, first.start);
  const waiting = slots.use(stop.signal, left.start);
  const last = slots.use(undefined, next.start);
  const reason = new Error("over");
  stop.abort(reason);
  await assert.rejects(waiting, reason);
  first.end();
  next.end();
  assert.deepEqual(await Promise.all([running, last]), ["first", "next"]);
  assert.deepEqual(begun, ["first", "next"]);
  await assert.rejects(slots.use(stop.signal, left.start), reason);
});
