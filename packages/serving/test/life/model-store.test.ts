import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelError } from "@sealserve/models";
import { ModelSpec, ServingError } from "@sealserve/protocol";
import { MAX_GONE_MODELS, type ModelStore } from "../../src/life/model-store.ts";
import { MAX_ENDED_VERSIONS } from "../../src/life/model-versions.ts";
import { MAX_STUCK_THREADS, STEADY_MS } from "../../src/life/version-life.ts";
import { modelDouble } from "../support/model-double.ts";
import { refusal } from "../support/refusal.ts";
import { storeOf } from "../support/store.ts";
import { readyVersion, versionDouble } from "../support/version-double.ts";

const m = ModelSpec.create({ name: "m" });

/** Versions and states of model m, newest first: `2 AVAILABLE, 1 END`. */
function states(store: ModelStore): string {
  return store
    .versions("m")
    .map(({ version, state }) => `${version} ${state}`)
    .join(", ");
}

async function reached(store: ModelStore, expected: string): Promise<void> {
  await store.until(() => (states(store) === expected ? true : undefined), AbortSignal.timeout(10_000));
}

/** A clock whose every wait lasts until the test says so. */
function heldClock() {
  const waits: { readonly ms: number; readonly end: () => void }[] = [];
  const delay = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      waits.push({ ms, end: resolve });
      signal.addEventListener("abort", () => reject(new Error("no longer waited for")));
    });
  return { waits, delay };
}

test("a version is START until its turn, then LOADING, AVAILABLE, UNLOADING and END", async () => {
  const store = storeOf();
  const one = versionDouble(1n);
  store.aspire("m", [one]);
  assert.throws(() => store.find(m), refusal("NOT_FOUND", "Servable not found for request: Latest(m)"));
  await reached(store, "1 LOADING");
  const model = one.succeed();
  await reached(store, "1 AVAILABLE");
  assert.equal(store.find(m).model, model);
  assert.deepEqual(store.names(), ["m"]);
  store.aspire("m", []);
  assert.equal(states(store), "1 UNLOADING");
  await reached(store, "1 END");
  assert.ok(model.closed);
  assert.deepEqual(store.versions("m"), [{ version: 1n, state: "END" }]);
  assert.deepEqual(store.names(), []);
});

test("requests go to the largest version that serves, also while a newer one loads or has failed", async () => {
  const store = storeOf({ maxRetries: 0 });
  const three = versionDouble(3n);
  store.aspire("m", [readyVersion(1n), readyVersion(2n), three]);
  await reached(store, "3 LOADING, 2 AVAILABLE, 1 AVAILABLE");
  assert.equal(store.find(m).version, 2n);
  three.fail(new ModelError("no-model", "the version directory holds no model"));
  await reached(store, "3 END, 2 AVAILABLE, 1 AVAILABLE");
  assert.equal(store.find(m).version, 2n);
  assert.equal(store.find(ModelSpec.create({ name: "m", version: 1n })).version, 1n);
  const third = ModelSpec.create({ name: "m", version: 3n });
  assert.throws(() => store.find(third), refusal("NOT_FOUND", "Servable not found for request: Specific(m, 3)"));
  assert.deepEqual(store.versions("m")[0]?.error, {
    code: "NOT_FOUND",
    message: "the version directory holds no model",
  });
  await store.close();
});

test("the old version serves until the new one does, and no request fails in between", async () => {
  const store = storeOf();
  store.aspire("m", [readyVersion(1n)]);
  await store.ready(["m"]);
  const two = versionDouble(2n);
  store.aspire("m", [two]);
  await reached(store, "2 LOADING, 1 AVAILABLE");
  assert.equal(store.find(m).version, 1n);
  two.succeed();
  await store.until(() => {
    assert.ok(store.find(m).version > 0n, "something serves at every moment");
    return states(store) === "2 AVAILABLE, 1 END" ? true : undefined;
  });
  assert.equal(store.find(m).version, 2n);
  await store.close();
});

test("a version in use is closed after its last call", async () => {
  const store = storeOf();
  const one = versionDouble(1n);
  store.aspire("m", [one]);
  await reached(store, "1 LOADING");
  const model = one.succeed();
  await store.ready(["m"]);
  const gate = Promise.withResolvers<string>();
  const call = store.use(m, () => gate.promise);
  store.aspire("m", []);
  assert.equal(states(store), "1 UNLOADING");
  await assert.rejects(
    async () => await store.use(m, async () => "late"),
    refusal("NOT_FOUND", "Servable not found for request: Latest(m)"),
  );
  await new Promise(setImmediate);
  assert.equal(model.closed, false);
  gate.resolve("done");
  assert.equal(await call, "done");
  await reached(store, "1 END");
  assert.ok(model.closed);
});

test("a failed load is tried again after the interval, as often as configured, and then never until it comes back", async () => {
  const { waits, delay } = heldClock();
  const store = storeOf({ maxRetries: 2, retryIntervalMs: 7 }, delay);
  const one = versionDouble(1n);
  store.aspire("m", [one]);
  for (let attempt = 1; attempt <= 3; attempt++) {
    await new Promise(setImmediate);
    assert.equal(one.attempts.length, attempt);
    one.fail(new ServingError("DATA_LOSS", `attempt ${attempt}`));
    await new Promise(setImmediate);
    waits[attempt - 1]?.end();
  }
  await reached(store, "1 END");
  assert.deepEqual(
    waits.map(({ ms }) => ms),
    [7, 7],
  );
  assert.deepEqual(store.versions("m")[0]?.error, { code: "DATA_LOSS", message: "attempt 3" });
  store.aspire("m", [one]);
  await new Promise(setImmediate);
  assert.equal(one.attempts.length, 3, "the same version again is no reason to try");
  store.aspire("m", []);
  store.aspire("m", [one]);
  await reached(store, "1 LOADING");
  assert.equal(one.attempts.length, 4);
  one.succeed();
  await reached(store, "1 AVAILABLE");
  await store.close();
});

test("a model that is removed while it loads, or waits to be tried again, ends without serving", async () => {
  const { delay } = heldClock();
  const store = storeOf({}, delay);
  const [stopping, loading, waiting] = [versionDouble(3n), versionDouble(2n), versionDouble(1n)];
  store.aspire("m", [stopping, loading, waiting]);
  await reached(store, "3 LOADING, 2 LOADING, 1 LOADING");
  waiting.fail(new Error("not yet"));
  await new Promise(setImmediate);
  store.aspire("m", []);
  assert.ok(loading.attempts[0]?.aborted);
  const late = loading.succeed();
  stopping.fail(new Error("stopped"));
  await reached(store, "3 END, 2 END, 1 END");
  assert.ok(late.closed, "what was loaded in vain is closed");
  assert.equal(store.versions("m")[0]?.error, undefined, "stopping is no failure");
  assert.equal(waiting.attempts.length, 1);
});

test("a version that comes back while it is being unloaded is loaded anew", async () => {
  const store = storeOf();
  const one = versionDouble(1n);
  store.aspire("m", [one]);
  await reached(store, "1 LOADING");
  const first = one.succeed();
  await store.ready(["m"]);
  const gate = Promise.withResolvers<void>();
  const call = store.use(m, () => gate.promise);
  store.aspire("m", []);
  store.aspire("m", [one]);
  assert.equal(states(store), "1 UNLOADING");
  gate.resolve();
  await call;
  await reached(store, "1 LOADING");
  assert.ok(first.closed);
  one.succeed();
  await reached(store, "1 AVAILABLE");
  await store.close();
});

/** Ends the engine of a model, as its next caller notices. */
async function killEngine(
  store: ModelStore,
  failure = new ModelError("engine-failed", "the engine's thread has ended"),
  spec = m,
): Promise<void> {
  Object.defineProperty(store.find(spec), "model", { value: { ...modelDouble(), failure } });
  await store.use(spec, async () => undefined);
}

test("an engine that lasted is loaded again however often; those that do not come back more and more slowly, then not at all", async () => {
  const { waits, delay } = heldClock();
  let now = 0;
  const store = storeOf({ maxRetries: 4, retryIntervalMs: 3000 }, delay, () => now);
  store.aspire("m", [readyVersion(1n)]);
  await reached(store, "1 AVAILABLE");
  for (let time = 0; time < 6; time++) {
    now += STEADY_MS;
    await killEngine(store);
    await reached(store, "1 AVAILABLE");
  }
  assert.equal(waits.length, 0, "each of them was the first time");
  now += STEADY_MS - 1;
  for (const pause of [1000, 2000, 3000]) {
    await killEngine(store);
    await reached(store, "1 LOADING");
    await new Promise(setImmediate);
    assert.equal(waits.at(-1)?.ms, pause);
    assert.equal(store.find(m).model.failure?.code, "engine-failed", "calls learn that it is gone");
    waits.at(-1)?.end();
    await reached(store, "1 AVAILABLE");
  }
  await killEngine(store);
  await reached(store, "1 END");
});

test("a version that leaves stuck threads behind is not loaded again and again, however long each time it served", async () => {
  let [now, stuck] = [0, 0];
  const stuckEngine = new ModelError("engine-stuck", "a run has taken too long");
  const store = storeOf(
    {},
    undefined,
    () => now,
    () => stuck,
  );
  store.aspire("m", [readyVersion(1n)]);
  for (stuck = 1; stuck <= MAX_STUCK_THREADS; stuck++) {
    await reached(store, "1 AVAILABLE");
    now += STEADY_MS;
    await killEngine(store, stuckEngine);
  }
  await reached(store, "1 END");
  assert.match(
    `${store.versions("m")[0]?.error?.message}`,
    /^a run has taken too long\. As many as 4 threads are stuck/,
  );
  const other = ModelSpec.create({ name: "n" });
  store.aspire("n", [readyVersion(1n)]);
  const otherServes = (): true | undefined => store.versions("n")[0]?.state === "AVAILABLE" || undefined;
  await store.until(otherServes);
  await killEngine(store, undefined, other);
  await store.until(otherServes);
  await store.close();
});

test("a load that leaves stuck threads behind is not tried again and again", async () => {
  let stuck = 0;
  const store = storeOf(
    { maxRetries: 100, retryIntervalMs: 0 },
    async () => undefined,
    undefined,
    () => stuck,
  );
  const hangs = async (): Promise<never> => {
    stuck++;
    throw new ModelError("engine-stuck", "loading has taken too long");
  };
  store.aspire("m", [{ version: 1n, load: hangs }]);
  await reached(store, "1 END");
  assert.equal(stuck, MAX_STUCK_THREADS);
  assert.match(`${store.versions("m")[0]?.error?.message}`, /threads are stuck.*restart the server/);
});

test("a dead engine is closed before its version is loaded again, and that of an unwanted version is not loaded again", async () => {
  const store = storeOf();
  const [one, two] = [versionDouble(1n), versionDouble(2n)];
  store.aspire("m", [one]);
  await reached(store, "1 LOADING");
  one.succeed();
  await reached(store, "1 AVAILABLE");
  const closing = Promise.withResolvers<void>();
  const failure = new ModelError("engine-failed", "the engine's thread has ended");
  const dead = { ...modelDouble(), failure, close: () => closing.promise };
  Object.defineProperty(store.find(m), "model", { value: dead });
  assert.equal(states(store), "1 LOADING");
  await new Promise(setImmediate);
  assert.equal(one.attempts.length, 1, "two engines of one version do not fit beside each other");
  closing.resolve();
  await new Promise(setImmediate);
  one.succeed();
  await reached(store, "1 AVAILABLE");
  store.aspire("m", [two]);
  await reached(store, "2 LOADING, 1 AVAILABLE");
  await killEngine(store);
  await reached(store, "2 LOADING, 1 END");
  assert.equal(one.attempts.length, 2);
  two.succeed();
  await store.close();
});

test("an engine that ended without a call is loaded again at the next look", async () => {
  const store = storeOf();
  const one = versionDouble(1n);
  store.aspire("m", [one]);
  await reached(store, "1 LOADING");
  one.succeed();
  await reached(store, "1 AVAILABLE");
  const dead = { ...modelDouble(), failure: new ModelError("engine-failed", "the engine's thread has ended") };
  Object.defineProperty(store.find(m), "model", { value: dead });
  store.aspire("m", [one]);
  await new Promise(setImmediate);
  assert.equal(one.attempts.length, 2);
  one.succeed();
  await reached(store, "1 AVAILABLE");
  await store.close();
});

test("a version that is removed while it waits to be loaded again ends", async () => {
  const { waits, delay } = heldClock();
  const store = storeOf({}, delay, () => 0);
  const one = versionDouble(1n);
  store.aspire("m", [one]);
  for (let load = 1; load <= 2; load++) {
    await reached(store, "1 LOADING");
    await new Promise(setImmediate);
    one.succeed();
    await reached(store, "1 AVAILABLE");
    await killEngine(store);
  }
  await new Promise(setImmediate);
  assert.equal(waits.length, 1);
  store.aspire("m", []);
  await reached(store, "1 END");
  assert.equal(one.attempts.length, 2);
});

test("a version whose engine dies is loaded again, a bounded number of times; calls meanwhile learn that it is gone", async () => {
  const store = storeOf({ maxRetries: 1 });
  const one = versionDouble(1n);
  store.aspire("m", [one]);
  await reached(store, "1 LOADING");
  one.succeed();
  await reached(store, "1 AVAILABLE");
  await killEngine(store);
  await reached(store, "1 LOADING");
  assert.equal(store.find(m).model.failure?.code, "engine-failed", "a call would be answered UNAVAILABLE");
  await new Promise(setImmediate);
  one.succeed();
  await reached(store, "1 AVAILABLE");
  assert.equal(store.find(m).model.failure, undefined);
  await killEngine(store);
  await reached(store, "1 END");
  assert.deepEqual(store.versions("m")[0]?.error, { code: "INTERNAL", message: "the engine's thread has ended" });
  assert.throws(() => store.find(m), refusal("NOT_FOUND", "Servable not found for request: Latest(m)"));
  assert.equal(one.attempts.length, 2);
});

test("what is loaded again comes from the newest offer", async () => {
  const store = storeOf({ maxRetries: 1, retryIntervalMs: 0 });
  const [old, next] = [versionDouble(1n), versionDouble(1n)];
  store.aspire("m", [old]);
  await reached(store, "1 LOADING");
  await new Promise(setImmediate);
  store.aspire("m", [next]);
  old.fail(new Error("moved"));
  while (next.attempts.length === 0) {
    await new Promise(setImmediate);
  }
  next.succeed();
  await reached(store, "1 AVAILABLE");
  assert.deepEqual([old.attempts.length, next.attempts.length], [1, 1]);
  await store.close();
});

test("a label stands for its version, also for one that is not loaded", async () => {
  const store = storeOf();
  store.aspire("m", [readyVersion(1n), readyVersion(2n)]);
  await reached(store, "2 AVAILABLE, 1 AVAILABLE");
  store.labels = new Map([["m", new Map(Object.entries({ stable: 1n, later: 9n }))]]);
  const labelled = (versionLabel: string, name = "m") => ModelSpec.create({ name, versionLabel });
  assert.equal(store.find(labelled("stable")).version, 1n);
  assert.throws(
    () => store.find(labelled("later")),
    refusal("NOT_FOUND", "Servable not found for request: Specific(m, 9)"),
  );
  const unknown = refusal("INVALID_ARGUMENT", "Unrecognized servable version label: canary");
  assert.throws(() => store.find(labelled("canary")), unknown);
  assert.throws(() => store.find(labelled("canary", "other")), unknown);
  assert.throws(
    () => store.find(labelled("stable", "")),
    refusal("INVALID_ARGUMENT", "ModelSpec has no name specified."),
  );
  await store.close();
});

test("ready waits for every model, and fails with the versions that cannot be loaded", async () => {
  const store = storeOf({ maxRetries: 0 });
  const [good, bad] = [versionDouble(1n), versionDouble(7n)];
  store.aspire("good", [good]);
  store.aspire("bad", [bad]);
  const ready = store.ready(["bad", "good", "empty"]);
  await store.until(() => (store.progress("bad").kind === "loading" ? true : undefined));
  await new Promise(setImmediate);
  bad.fail(new ModelError("no-model", "nothing here"));
  good.succeed();
  await assert.rejects(
    ready,
    refusal(
      "UNKNOWN",
      "1 servable(s) did not become available: {{name: bad version: 7} due to error: NOT_FOUND: nothing here}, }",
    ),
  );
  await store.ready(["good"]);
  const stop = new AbortController();
  const forever = store.ready(["good", "empty"], stop.signal);
  stop.abort(new Error("given up"));
  await assert.rejects(forever, /given up/);
  await store.close();
});

test("once ready, loads run one after the other unless more threads are configured", async () => {
  const attempts = async (threads: number): Promise<number> => {
    const store = storeOf({ threads });
    await store.ready([]);
    const doubles = [1n, 2n, 3n].map((version) => versionDouble(version));
    store.aspire("m", doubles);
    await new Promise(setImmediate);
    return doubles.filter((double) => double.attempts.length > 0).length;
  };
  assert.equal(await attempts(0), 1);
  assert.equal(await attempts(2), 2);
});

test("what has ended is remembered within bounds", async () => {
  const store = storeOf();
  for (let version = 1n; version <= MAX_ENDED_VERSIONS + 5; version++) {
    store.aspire("m", [readyVersion(version)]);
    await store.until(() => (store.versions("m")[0]?.state === "AVAILABLE" ? true : undefined));
  }
  store.aspire("m", []);
  await store.until(() => (store.names().length === 0 ? true : undefined));
  assert.equal(store.versions("m").length, MAX_ENDED_VERSIONS);
  for (let model = 1; model < MAX_GONE_MODELS; model++) {
    store.aspire(`gone ${model}`, [readyVersion(1n)]);
    await store.ready([`gone ${model}`]);
    store.aspire(`gone ${model}`, []);
    await store.until(() => (store.names().length === 0 ? true : undefined));
  }
  assert.equal(store.versions("m").length, MAX_ENDED_VERSIONS);
  store.aspire("last", [readyVersion(1n)]);
  assert.equal(store.versions("m").length, MAX_ENDED_VERSIONS, "this one is not gone");
  await store.ready(["last"]);
  store.aspire("last", []);
  await store.until(() => (store.names().length === 0 ? true : undefined));
  store.aspire("next", [readyVersion(1n)]);
  assert.equal(store.versions("m").length, 0);
  await store.ready(["next"]);
});
