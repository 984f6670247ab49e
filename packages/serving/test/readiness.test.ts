import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeReadiness, type ReadinessState } from "../src/node/readiness.ts";

test("a node is ready when its start says so, and can stop being ready for a time", () => {
  const readiness = new NodeReadiness();
  const seen: ReadinessState[] = [];
  const stop = readiness.watch((state) => seen.push(state));
  assert.equal(readiness.state, "starting");
  readiness.enter("ready");
  readiness.enter("ready");
  readiness.enter("starting");
  stop();
  readiness.enter("ready");
  assert.deepEqual([readiness.state, seen], ["ready", ["ready", "starting"]]);
});

test("a node that drains is never ready again", () => {
  const readiness = new NodeReadiness();
  readiness.enter("draining");
  readiness.enter("ready");
  assert.equal(readiness.state, "draining");
});
