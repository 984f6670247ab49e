import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ServingError } from "@sealserve/protocol";
import { ModelConfigFile } from "../../src/life/config-file.ts";
import { configured, listedModels, type Offer } from "../support/listed-models.ts";
import { refusal } from "../support/refusal.ts";
import { readyVersion } from "../support/version-double.ts";

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sealserve-config-"));
});
after(async () => await rm(directory, { recursive: true }));

const listing = (...names: string[]): string =>
  `model_config_list { ${names.map((name) => `config { name: "${name}" base_path: "/m/${name}" model_platform: "tensorflow" }`).join(" ")} }`;

/** A config file over models that are found at once. */
async function configFile(name: string, text: string, offer: Offer, pollMs = 0) {
  const file = join(directory, name);
  await writeFile(file, text);
  const listed = listedModels(offer);
  const failures: string[] = [];
  const log = (event: string, fields: object): void => {
    failures.push(`${event} ${"message" in fields ? String(fields.message) : ""}`);
  };
  const config = new ModelConfigFile({ file, models: listed.models, pollMs, log });
  return { ...listed, file, config, failures, rewrite: async (next: string) => await writeFile(file, next) };
}

const both: Offer = new Map([
  ["a", [readyVersion(1n)]],
  ["b", [readyVersion(1n)]],
]);

test("what the file lists is served from the start, and after each change that is asked for", async () => {
  const { config, store, rewrite, failures } = await configFile("reread", listing("a"), both);
  await config.start();
  assert.deepEqual(store.names(), ["a"]);
  await rewrite(listing("a", "b"));
  await config.reread();
  assert.deepEqual(store.names(), ["a", "b"]);
  await rewrite(listing("b"));
  await config.reread();
  await config.reread();
  await store.until(() => (store.names().join() === "b" ? true : undefined));
  assert.deepEqual(failures, []);
  config.close();
  await store.close();
});

test("a file that is missing or cannot be read ends the start", async () => {
  const broken = await configFile("broken", "improperly formatted file", both);
  await assert.rejects(
    broken.config.start(),
    refusal(
      "INVALID_ARGUMENT",
      /^Error parsing text-format tensorflow\.serving\.ModelServerConfig: .*broken: line 1: /,
    ),
  );
  await rm(broken.file);
  await assert.rejects(broken.config.start(), refusal("NOT_FOUND", /^Failed to read ModelServerConfig file: ENOENT/));
});

test("later a bad file is logged, and what served goes on", async () => {
  const { config, store, file, rewrite, failures } = await configFile("spoiled", listing("a"), both);
  await config.start();
  await rewrite(`${listing("a")} more`);
  await config.reread();
  await rm(file);
  await config.reread();
  assert.deepEqual(store.names(), ["a"]);
  assert.equal(failures.length, 2);
  assert.match(failures[0] ?? "", /^model-config-failed Error parsing text-format/);
  assert.match(failures[1] ?? "", /^model-config-failed Failed to read ModelServerConfig file/);
  config.close();
  await store.close();
});

test("a text whose model cannot be loaded is tried once; a label waits for its version", async () => {
  let loads = 0;
  const bad = {
    version: 1n,
    load: () => {
      loads++;
      return Promise.reject(new ServingError("NOT_FOUND", "no model"));
    },
  };
  const offer = new Map([
    ["a", [readyVersion(1n)]],
    ["bad", [bad]],
  ]);
  const { config, store, rewrite, failures } = await configFile("hopeless", listing("a"), offer);
  await config.start();
  await rewrite(listing("a", "bad"));
  await config.reread();
  await config.reread();
  assert.deepEqual([loads, failures.length], [1, 1]);
  await rewrite(listing("a").replace("config { name", "config { version_labels { key: 'x' value: 2 } name"));
  await config.reread();
  store.aspire("a", [readyVersion(1n), readyVersion(2n)]);
  await store.until(() => (store.versions("a").every(({ state }) => state === "AVAILABLE") ? true : undefined));
  await config.reread();
  assert.equal(failures.length, 2);
  assert.equal(store.labels.get("a")?.get("x"), 2n);
  config.close();
  await store.close();
});

test("a change of the file takes the place of one that still waits for its models", async () => {
  const { config, store, rewrite, sought, failures } = await configFile("waiting", listing("a"), both);
  await config.start();
  await rewrite(listing("a", "nowhere"));
  const waiting = config.reread();
  await store.until(() => (sought().includes("nowhere") ? true : undefined));
  await rewrite(listing("b"));
  await config.reread();
  await waiting;
  assert.deepEqual([sought(), failures], [["b"], []], "nothing failed");
  config.close();
  await store.close();
});

test("a file that still waits for its models gives way to another configuration, and is applied at the next reading", async () => {
  const { config, models, store, rewrite, sought, failures } = await configFile("overtaken", listing("a"), both);
  await config.start();
  await rewrite(listing("a", "nowhere"));
  const waiting = config.reread();
  await store.until(() => (sought().includes("nowhere") ? true : undefined));
  await models.reload([configured("b")]);
  await waiting;
  assert.deepEqual(sought(), ["b"]);
  assert.equal(failures.length, 1);
  assert.match(
    failures[0] ?? "",
    /^model-config-failed A later configuration took the place of this one, .*: nowhere$/,
  );
  const again = config.reread();
  await store.until(() => (sought().includes("nowhere") ? true : undefined));
  config.close();
  await again;
  assert.equal(failures.length, 1);
  await store.close();
});

test("closing gives up what still waits, and no more is read", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const { config, store, rewrite, sought, failures } = await configFile("closed", listing("a"), both, 3_600_000);
  const idle = timers();
  await config.start();
  assert.equal(timers(), idle + 1);
  await rewrite(listing("a", "nowhere"));
  const waiting = config.reread();
  await store.until(() => (sought().includes("nowhere") ? true : undefined));
  config.close();
  await waiting;
  assert.deepEqual([sought(), failures, timers()], [["a"], [], idle]);
  const early = await configFile("closed-early", listing("a"), both, 3_600_000);
  const starting = early.config.start();
  early.config.close();
  await starting;
  assert.equal(timers(), idle);
  await Promise.all([store.close(), early.store.close()]);
});

test("a period reads the file again", async () => {
  const { config, store, rewrite } = await configFile("polled", listing("a"), both, 5);
  await config.start();
  await rewrite(listing("b"));
  await store.until(() => (store.names().join() === "b" ? true : undefined));
  config.close();
  await store.close();
});
