import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelSpec, ServingError } from "@sealserve/protocol";
import { configured, listedModels } from "../support/listed-models.ts";
import { refusal } from "../support/refusal.ts";
import { readyVersion, versionDouble } from "../support/version-double.ts";

const unavailable = (version: bigint, model: string) =>
  refusal(
    "FAILED_PRECONDITION",
    `Request to assign label to version ${version} of model ${model}, which is not currently available for inference`,
  );

test("the start waits for every model and for every labelled version", async () => {
  const [one, two] = [versionDouble(1n), versionDouble(2n)];
  const { models, store } = listedModels(new Map([["m", [one, two]]]));
  let started = false;
  const start = models.start([configured("m", { stable: 1n })]).then(() => {
    started = true;
  });
  await store.until(() => (store.progress("m").kind === "loading" ? true : undefined));
  await new Promise(setImmediate);
  two.succeed();
  await store.until(() => (store.progress("m").kind === "available" ? true : undefined));
  await new Promise(setImmediate);
  assert.equal(started, false, "version 1 has a label");
  one.succeed();
  await start;
  assert.equal(store.find(ModelSpec.create({ name: "m", versionLabel: "stable" })).version, 1n);
  await store.close();
});

test("the start fails when a model does, or when a labelled version cannot serve", async () => {
  const bad = { version: 7n, load: () => Promise.reject(new ServingError("NOT_FOUND", "no model here")) };
  const offer = new Map([
    ["good", [readyVersion(1n)]],
    ["bad", [bad]],
    ["half", [readyVersion(1n), bad]],
  ]);
  const { models, store, sought } = listedModels(offer);
  await assert.rejects(
    models.start([configured("good"), configured("bad")]),
    refusal(
      "UNKNOWN",
      "1 servable(s) did not become available: {{name: bad version: 7} due to error: NOT_FOUND: no model here}, }",
    ),
  );
  assert.deepEqual(sought(), []);
  await assert.rejects(
    models.start([{ ...configured("good"), platform: "caffe" }]),
    refusal("FAILED_PRECONDITION", "PlatformConfigMap has no entry for platform caffe"),
  );
  await assert.rejects(models.start([configured("half", { canary: 7n })]), unavailable(7n, "half"));
  await assert.rejects(models.start([configured("good", { next: 2n })]), unavailable(2n, "good"));
  await store.close();
});

test("a start for a model without versions waits until it is given up", async () => {
  const { models } = listedModels(new Map());
  const stop = new AbortController();
  const start = models.start([configured("empty")], stop.signal);
  await new Promise(setImmediate);
  stop.abort(new Error("stopped"));
  await assert.rejects(start, /stopped/);
});

test("a reload returns when the new models serve, and only then do the others go", async () => {
  const other = versionDouble(1n);
  const offer = new Map([
    ["m", [readyVersion(1n)]],
    ["other", [other]],
  ]);
  const { models, store } = listedModels(offer);
  await models.start([configured("m")]);
  const reload = models.reload([configured("other")]);
  await store.until(() => (store.versions("other")[0]?.state === "LOADING" ? true : undefined));
  await new Promise(setImmediate);
  assert.equal(store.find(ModelSpec.create({ name: "m" })).version, 1n);
  other.succeed();
  await reload;
  assert.equal(store.find(ModelSpec.create({ name: "other" })).version, 1n);
  assert.throws(
    () => store.find(ModelSpec.create({ name: "m" })),
    refusal("NOT_FOUND", "Servable not found for request: Latest(m)"),
  );
  await store.close();
});

test("a reload that fails, or whose caller goes, leaves what served before", async () => {
  const slow = versionDouble(1n);
  const bad = { version: 3n, load: () => Promise.reject(new Error("secret text")) };
  const offer = new Map([
    ["m", [readyVersion(1n)]],
    ["bad", [bad]],
    ["slow", [slow]],
  ]);
  const { models, store, sought } = listedModels(offer);
  await models.start([configured("m", { stable: 1n })]);
  await assert.rejects(
    models.reload([configured("bad")]),
    refusal(
      "UNKNOWN",
      "1 model(s) did not become available: {{name: bad version: 3} due to error: INTERNAL: The version cannot be loaded}, }",
    ),
  );
  const stop = new AbortController();
  const reload = models.reload([configured("slow")], stop.signal);
  await store.until(() => (store.versions("slow")[0]?.state === "LOADING" ? true : undefined));
  stop.abort(new Error("caller is gone"));
  await assert.rejects(reload, /caller is gone/);
  await assert.rejects(
    models.reload([{ ...configured("m"), platform: "onnx" }]),
    refusal(
      "INVALID_ARGUMENT",
      "Illegal to change a model's platform. For model m platform was tensorflow and new platform requested is onnx",
    ),
  );
  await assert.rejects(
    models.reload([{ ...configured("m"), platform: "other" }]),
    refusal(
      "INVALID_ARGUMENT",
      "Illegal to change a model's platform. For model m platform was tensorflow and new platform requested is other",
    ),
  );
  await assert.rejects(
    models.reload([configured("m"), { ...configured("n"), platform: "other" }]),
    refusal("FAILED_PRECONDITION", "PlatformConfigMap has no entry for platform other"),
  );
  assert.deepEqual(sought(), ["m"]);
  assert.equal(store.versions("bad")[0]?.state, "END");
  assert.equal(store.find(ModelSpec.create({ name: "m", versionLabel: "stable" })).version, 1n);
  slow.succeed();
  await store.close();
});

test("reloads run one after the other", async () => {
  const [a, b] = [versionDouble(1n), versionDouble(1n)];
  const offer = new Map([
    ["a", [a]],
    ["b", [b]],
  ]);
  const { models, store, sought } = listedModels(offer);
  await models.start([]);
  const [first, second] = [models.reload([configured("a")]), models.reload([configured("b")])];
  await store.until(() => (store.versions("a")[0]?.state === "LOADING" ? true : undefined));
  await new Promise(setImmediate);
  assert.deepEqual(sought(), ["a"]);
  a.succeed();
  await first;
  await store.until(() => (store.versions("b")[0]?.state === "LOADING" ? true : undefined));
  await new Promise(setImmediate);
  b.succeed();
  await second;
  assert.deepEqual(sought(), ["b"]);
  await store.close();
});

test("a reload for a model without versions gives way to the next one, and leaves what served before", async () => {
  const { models, store, sought } = listedModels(
    new Map([
      ["m", [readyVersion(1n)]],
      ["other", [readyVersion(1n)]],
    ]),
  );
  await models.start([configured("m")]);
  const stuck = models.reload([configured("nowhere"), configured("other")]);
  const givenUp = assert.rejects(
    stuck,
    refusal("ABORTED", "A later configuration took the place of this one, which waited for versions of: nowhere"),
  );
  await store.until(() => (store.progress("other").kind === "available" ? true : undefined));
  await models.reload([configured("m"), configured("other")]);
  await givenUp;
  assert.deepEqual(sought(), ["m", "other"]);
  await store.close();
});

test("a reload gives way only after its source has looked, and not while anything loads", async () => {
  const looked = Promise.withResolvers<void>();
  const slow = versionDouble(1n);
  const offer = new Map([
    ["slow", [slow]],
    ["other", [readyVersion(1n)]],
  ]);
  const { models, store, sought } = listedModels(offer, false, () => looked.promise);
  await models.start([]);
  const [first, second] = [models.reload([configured("slow"), configured("nowhere")]), models.reload([])];
  const ended: string[] = [];
  const firstEnd = assert.rejects(first, refusal("ABORTED", /nowhere/)).then(() => ended.push("first"));
  await store.until(() => (store.progress("slow").kind === "loading" ? true : undefined));
  looked.resolve();
  await new Promise(setImmediate);
  assert.deepEqual([sought(), ended], [["slow", "nowhere"], []], "a version is still loading");
  slow.succeed();
  await Promise.all([firstEnd, second]);
  const unlooked = Promise.withResolvers<void>();
  const blind = listedModels(new Map(), false, () => unlooked.promise);
  await blind.models.start([]);
  const waiting = blind.models.reload([configured("later")]);
  const next = blind.models.reload([]);
  await new Promise(setImmediate);
  assert.deepEqual(blind.sought(), ["later"], "nobody has looked for it yet");
  unlooked.resolve();
  await assert.rejects(waiting, refusal("ABORTED", /later$/));
  await next;
  await Promise.all([store.close(), blind.store.close()]);
});

test("after the first configuration, also an empty one, loads no longer take all processors", async () => {
  for (const first of [[], [configured("m")]]) {
    const versions = [1n, 2n, 3n].map((version) => versionDouble(version));
    const { models, store } = listedModels(
      new Map([
        ["m", [readyVersion(1n)]],
        ["later", versions],
      ]),
    );
    await models.start(first);
    const stop = new AbortController();
    const reload = assert.rejects(models.reload([...first, configured("later")], stop.signal), /stopped/);
    await store.until(() => (store.progress("later").kind === "loading" ? true : undefined));
    await new Promise(setImmediate);
    const begun = versions.filter(({ attempts }) => attempts.length > 0);
    assert.equal(begun.length, 1, `after a configuration of ${first.length} models`);
    stop.abort(new Error("stopped"));
    await reload;
    begun[0]?.succeed();
    await store.close();
  }
});

test("a reload whose caller is gone before its turn looks for nothing", async () => {
  const { models, store, sought } = listedModels(new Map([["m", [readyVersion(1n)]]]));
  await models.start([]);
  const waiting = models.reload([configured("m")]);
  await assert.rejects(models.reload([configured("never")], AbortSignal.abort(new Error("gone"))), /gone/);
  await waiting;
  assert.deepEqual([sought(), store.versions("never")], [["m"], []]);
  await store.close();
});

test("a labelled version that has not begun to load is waited for", async () => {
  const [one, two] = [versionDouble(1n), versionDouble(2n)];
  const { models, store } = listedModels(new Map([["m", [one, two]]]));
  await models.start([]);
  const reload = models.reload([configured("m", { stable: 1n })]);
  await store.until(() => (store.versions("m")[0]?.state === "LOADING" ? true : undefined));
  await new Promise(setImmediate);
  two.succeed();
  await store.until(() => (store.progress("m").kind === "available" ? true : undefined));
  await new Promise(setImmediate);
  one.succeed();
  await reload;
  assert.equal(store.find(ModelSpec.create({ name: "m", versionLabel: "stable" })).version, 1n);
  await store.close();
});

test("the first start gives way to nothing", async () => {
  const { models } = listedModels(new Map());
  const stop = new AbortController();
  const start = models.start([configured("nowhere")], stop.signal);
  const stopped = assert.rejects(start, /stopped/);
  const next = models.reload([]);
  await new Promise(setImmediate);
  stop.abort(new Error("stopped"));
  await Promise.all([stopped, next]);
});

test("labels of a model that is there already are taken for versions that serve, and for no others", async () => {
  const { models, store } = listedModels(new Map([["m", [readyVersion(1n), readyVersion(2n)]]]));
  await models.start([configured("m")]);
  await store.until(() => (store.versions("m").every(({ state }) => state === "AVAILABLE") ? true : undefined));
  await models.reload([configured("m", { stable: 1n, canary: 2n })]);
  const canary = ModelSpec.create({ name: "m", versionLabel: "canary" });
  assert.equal(store.find(canary).version, 2n);
  await assert.rejects(models.reload([configured("m", { stable: 99n })]), unavailable(99n, "m"));
  assert.equal(store.find(canary).version, 2n, "the labels are those from before");
  await models.reload([configured("m", { stable: 2n })]);
  assert.throws(() => store.find(canary), refusal("INVALID_ARGUMENT", "Unrecognized servable version label: canary"));
  await store.close();
});

test("with the flag a new label may name a version that does not serve; moving a label there is refused all the same", async () => {
  const { models, store } = listedModels(new Map([["m", [readyVersion(1n)]]]), true);
  await models.start([configured("m", { stable: 1n, next: 2n })]);
  assert.throws(
    () => store.find(ModelSpec.create({ name: "m", versionLabel: "next" })),
    refusal("NOT_FOUND", "Servable not found for request: Specific(m, 2)"),
  );
  await assert.rejects(models.reload([configured("m", { stable: 3n })]), unavailable(3n, "m"));
  await store.close();
});
