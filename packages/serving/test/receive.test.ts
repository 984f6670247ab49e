import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ServingError } from "@sealserve/protocol";
import { receiveAll } from "../src/transport/receive.ts";
import { quickLimits } from "./support/quick-limits.ts";
import { refusal } from "./support/refusal.ts";

/** A body that a test writes, and what has been taken of it. */
function body() {
  const stream = Object.assign(new PassThrough(), { setTimeout: () => undefined });
  const taken: Buffer[] = [];
  const sink = { append: (chunk: Uint8Array): void => void taken.push(Buffer.from(chunk)) };
  return { stream, sink, text: () => Buffer.concat(taken).toString() };
}

const limits = quickLimits({ requestTimeoutMs: 30_000 });
const listeners = (stream: PassThrough): number =>
  ["data", "close", "timeout"].reduce((sum, event) => sum + stream.listenerCount(event), 0);

test("takes all bytes in order until the end", async () => {
  const { stream, sink, text } = body();
  const before = listeners(stream);
  const received = receiveAll(stream, sink, limits, new AbortController().signal);
  stream.write("one ");
  stream.end("two");
  await received;
  assert.deepEqual([text(), listeners(stream)], ["one two", before]);
});

test("a signal that has fired before ends the reading at once, and nothing is taken", async () => {
  const { stream, sink, text } = body();
  const before = listeners(stream);
  const reason = new ServingError("DEADLINE_EXCEEDED", "Deadline Exceeded");
  stream.write("never read");
  await assert.rejects(
    receiveAll(stream, sink, limits, AbortSignal.abort(reason)),
    refusal("DEADLINE_EXCEEDED", "Deadline Exceeded"),
  );
  assert.deepEqual([text(), stream.isPaused(), listeners(stream)], ["", true, before]);
});

test("a signal that fires later ends the reading", async () => {
  const { stream, sink } = body();
  const stop = new AbortController();
  const received = receiveAll(stream, sink, limits, stop.signal);
  stream.write("a part");
  await new Promise(setImmediate);
  stop.abort(new ServingError("CANCELLED", "stopped"));
  await assert.rejects(received, refusal("CANCELLED", "stopped"));
});

test("a caller who goes away, or has gone before, is not waited for", async () => {
  const leaving = body();
  const received = receiveAll(leaving.stream, leaving.sink, limits);
  leaving.stream.destroy();
  await assert.rejects(received, refusal("CANCELLED", "The caller cancelled the request"));
  const gone = body();
  gone.stream.destroy();
  await once(gone.stream, "close");
  await assert.rejects(
    receiveAll(gone.stream, gone.sink, limits),
    refusal("CANCELLED", "The caller cancelled the request"),
  );
});

test("what the sink throws ends the reading", async () => {
  const { stream } = body();
  const full = new ServingError("RESOURCE_EXHAUSTED", "full");
  const received = receiveAll(
    stream,
    {
      append: () => {
        throw full;
      },
    },
    limits,
  );
  stream.write("anything");
  await assert.rejects(received, refusal("RESOURCE_EXHAUSTED", "full"));
  assert.equal(stream.isPaused(), true);
});
