import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
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
