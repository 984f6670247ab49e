import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ServingError } from "@sealserve/protocol";
import { CallScope } from "../src/transport/call-scope.ts";
import { receiveAll } from "../src/transport/receive.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { refusal } from "./support/refusal.ts";

/** A body that a test writes, and what has been taken of it. */
function body() {
  const stream = new PassThrough();
  const taken: Buffer[] = [];
  let released = 0;
  const sink = {
    append: (chunk: Uint8Array): void => void taken.push(Buffer.from(chunk)),
    release: (): void => void released++,
  };
  return {
    stream,
    sink,
    scope: new CallScope(stream),
    text: () => Buffer.concat(taken).toString(),
    released: () => released,
  };
}

const limits = quickLimits({ requestTimeoutMs: 30_000 });

test("takes all bytes in order until the end", async () => {
  const { stream, sink, scope, text, released } = body();
  const received = receiveAll(stream, sink, limits, scope);
  stream.write("one ");
  stream.end("two");
  await received;
  assert.deepEqual([text(), released()], ["one two", 0]);
});

test("a call that has ended before is not read, and nothing is taken", async () => {
  const { stream, sink, scope, text, released } = body();
  scope.end(new ServingError("DEADLINE_EXCEEDED", "Deadline Exceeded"));
  stream.write("never read");
  await assert.rejects(receiveAll(stream, sink, limits, scope), refusal("DEADLINE_EXCEEDED", "Deadline Exceeded"));
  assert.deepEqual([text(), stream.isPaused(), released()], ["", true, 1]);
});

test("a call that ends later ends the reading, and no more is taken", async () => {
  const { stream, sink, scope, text, released } = body();
  const received = receiveAll(stream, sink, limits, scope);
  stream.write("a part");
  await new Promise(setImmediate);
  scope.end(new ServingError("CANCELLED", "stopped"));
  await assert.rejects(received, refusal("CANCELLED", "stopped"));
  stream.resume().end(" and more");
  await once(stream, "end");
  assert.deepEqual([text(), released()], ["a part", 1]);
});

test("a caller who goes away, or has gone before, is not waited for", async () => {
  const leaving = body();
  const received = receiveAll(leaving.stream, leaving.sink, limits, leaving.scope);
  leaving.stream.destroy();
  await assert.rejects(received, refusal("CANCELLED", "The caller cancelled the request"));
  const gone = body();
  gone.stream.destroy();
  await assert.rejects(
    receiveAll(gone.stream, gone.sink, limits, gone.scope),
    refusal("CANCELLED", "The caller cancelled the request"),
  );
});

test("what the sink throws ends the reading", async () => {
  const { stream, scope, sink, released } = body();
  const full = new ServingError("RESOURCE_EXHAUSTED", "full");
  const refusing = {
    ...sink,
    append: () => {
      throw full;
    },
  };
  const received = receiveAll(stream, refusing, limits, scope);
  stream.write("anything");
  await assert.rejects(received, refusal("RESOURCE_EXHAUSTED", "full"));
  assert.deepEqual([stream.isPaused(), released()], [true, 1]);
});

test("a pause that is too long ends the reading, and so does a body that takes too long in small pieces", async () => {
  const tooSlow = refusal("DEADLINE_EXCEEDED", "The request came too slowly");
  const paused = body();
  paused.stream.write("a part");
  const quick = { ...limits, stallTimeoutMs: 50 };
  await assert.rejects(receiveAll(paused.stream, paused.sink, quick, paused.scope), tooSlow);
  const trickling = body();
  const trickle = setInterval(() => trickling.stream.write("."), 20);
  const short = { ...limits, stallTimeoutMs: 10_000, requestTimeoutMs: 200 };
  await assert.rejects(receiveAll(trickling.stream, trickling.sink, short, trickling.scope), tooSlow);
  clearInterval(trickle);
  assert.ok(trickling.text().length > 0);
});

test("a time that is over before its timer is set ends the reading, without a warning of Node's", async (t) => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", note);
  t.after(() => process.off("warning", note));
  const { stream, sink, scope } = body();
  const over = { ...limits, stallTimeoutMs: 10_000, requestTimeoutMs: -1 };
  await assert.rejects(receiveAll(stream, sink, over, scope), { code: "DEADLINE_EXCEEDED" });
  await sleep(1);
  assert.deepEqual(warnings, []);
});

test("pauses count one by one", async () => {
  const { stream, sink, scope, text } = body();
  const received = receiveAll(stream, sink, { ...limits, stallTimeoutMs: 1000 }, scope);
  for (let part = 0; part < 4; part++) {
    stream.write(".");
    await sleep(400);
  }
  stream.end();
  await received;
  assert.equal(text(), "....");
});
