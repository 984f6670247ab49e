import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { ServingError } from "@sealserve/protocol";
import { CallScope } from "../src/transport/call-scope.ts";

const HOUR = 3_600_000;

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

test("a deadline leaves no timer behind, also one that is set when the call has been answered", () => {
  const before = timers();
  const scope = new CallScope(new EventEmitter());
  scope.limit(HOUR);
  assert.equal(timers(), before + 1);
  scope.close();
  assert.equal(timers(), before);
  scope.limit(HOUR);
  assert.equal(timers(), before);
});

test("a signal that is asked for after the end of its scope has fired", () => {
  const stream = new EventEmitter();
  const scope = new CallScope(stream);
  const before = scope.signal;
  stream.emit("close");
  for (const signal of [before, scope.signal]) {
    assert.equal(signal.aborted, true);
    assert.equal((signal.reason as ServingError).code, "CANCELLED");
  }
});

test("a scope that was closed fires no signal when its stream closes", () => {
  const stream = new EventEmitter();
  const scope = new CallScope(stream);
  const before = scope.signal;
  scope.close();
  stream.emit("close");
  assert.deepEqual([before.aborted, scope.signal.aborted], [false, false]);
});
