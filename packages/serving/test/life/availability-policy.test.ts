import assert from "node:assert/strict";
import { test } from "node:test";
import { nextAction, type VersionSnapshot } from "../../src/life/availability-policy.ts";

function version(number: bigint, state: VersionSnapshot["state"], wanted = true): VersionSnapshot {
  return { version: number, state, wanted, queued: state !== "START" };
}

test("the highest new version is loaded first, and one that waits for its turn is not loaded again", () => {
  const [one, two] = [version(1n, "START"), version(2n, "START")];
  assert.deepEqual(nextAction([one, two]), { kind: "load", version: 2n });
  assert.deepEqual(nextAction([one, { ...two, queued: true }]), { kind: "load", version: 1n });
  assert.equal(nextAction([version(1n, "LOADING"), version(2n, "END")]), undefined);
});

test("the only version that serves stays until a wanted one serves", () => {
  const old = version(1n, "AVAILABLE", false);
  assert.deepEqual(nextAction([old, version(2n, "START")]), { kind: "load", version: 2n });
  assert.equal(nextAction([old, version(2n, "LOADING")]), undefined);
  assert.equal(nextAction([old, version(2n, "END")]), undefined, "nor does a failed one replace it");
  assert.deepEqual(nextAction([old, version(2n, "AVAILABLE")]), { kind: "unload", version: 1n });
});

test("a version goes when none is wanted, or when another unwanted one serves; the lowest first", () => {
  const [one, two] = [version(1n, "AVAILABLE", false), version(2n, "AVAILABLE", false)];
  assert.deepEqual(nextAction([one]), { kind: "unload", version: 1n });
  assert.deepEqual(nextAction([two, one, version(3n, "LOADING")]), { kind: "unload", version: 1n });
  assert.equal(nextAction([two, version(1n, "UNLOADING", false), version(3n, "LOADING")]), undefined);
});

test("nothing is done about versions that are wanted and serve", () => {
  assert.equal(nextAction([]), undefined);
  assert.equal(nextAction([version(1n, "AVAILABLE"), version(2n, "AVAILABLE")]), undefined);
});
