import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { VersionPolicyOption } from "../../src/options/server-options.ts";
import { DirectorySource } from "../../src/source/directory-source.ts";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "sealserve-source-"));
});
after(async () => await rm(root, { recursive: true }));

/** A base path with these children. */
async function basePath(name: string, ...children: string[]): Promise<string> {
  const path = join(root, name);
  for (const child of children) {
    await mkdir(join(path, child), { recursive: true });
  }
  await mkdir(path, { recursive: true });
  return path;
}

/** A source that notes what it names and logs. */
function watched(pollMs: number) {
  const aspired: string[] = [];
  const messages: string[] = [];
  const loaded: string[] = [];
  const listeners = new Set<() => void>();
  const source = new DirectorySource({
    aspire: (model, versions) => {
      aspired.push(`${model}: ${versions.map(({ version }) => version).join(" ")}`);
      for (const version of versions) {
        version.load(new AbortController().signal).catch(() => undefined);
      }
      for (const listener of listeners) {
        listener();
      }
    },
    load: async ({ name, version }, files) => {
      loaded.push(`${name} ${version} ${"directory" in files ? files.directory : ""}`);
      throw new Error("not loaded here");
    },
    pollMs,
    log: (_event, { message }) => messages.push(String(message)),
  });
  /** Waits until these versions have been named. */
  const named = async (expected: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (aspired.at(-1) === expected) {
        resolve();
      }
    };
    listeners.add(check);
    check();
    await promise.finally(() => listeners.delete(check));
  };
  return { source, aspired, messages, loaded, named };
}

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

const latest: VersionPolicyOption = { kind: "latest", count: 1 };

/** The versions that one look at a base path names, and what it warns of. */
async function look(path: string, policy: VersionPolicyOption = latest) {
  const { source, aspired, messages, loaded } = watched(0);
  void source.setModels([{ name: "m", basePath: path, policy }]);
  await source.poll();
  source.close();
  return { aspired: aspired.at(-1), messages, loaded };
}

test("versions are the children whose whole name is a signed number of 64 bits", async () => {
  const numbers = ["1", "00000123", "9223372036854775807", "-9223372036854775808", "-4", "+5"];
  const others = ["9223372036854775808", "-9223372036854775809", "5x", "x5", "6.0", "tmp", "0x7", "-", "--4", "4-"];
  const path = await basePath("names", ...numbers, ...others);
  await writeFile(join(path, "77"), "a file is a version too, if only to fail");
  const { aspired, loaded } = await look(path, { kind: "all" });
  assert.equal(aspired, "m: 9223372036854775807 123 77 5 1 -4 -9223372036854775808");
  assert.ok(loaded.includes(`m 123 ${join(path, "00000123")}`), "leading zeros stay in the path");
});

test("policies pick the newest, all, or those that are listed", async () => {
  const path = await basePath("policies", "1", "2", "10");
  const picked = async (policy: VersionPolicyOption) => (await look(path, policy)).aspired;
  assert.equal(await picked(latest), "m: 10");
  assert.equal(await picked({ kind: "latest", count: 2 }), "m: 10 2");
  assert.equal(await picked({ kind: "latest", count: 9 }), "m: 10 2 1");
  assert.equal(await picked({ kind: "all" }), "m: 10 2 1");
  assert.equal(await picked({ kind: "specific", versions: [1n, 2n] }), "m: 2 1");
});

test("versions that are asked for in vain are warned of", async () => {
  const path = await basePath("specific", "1");
  const missing = await look(path, { kind: "specific", versions: [1n, 8n] });
  assert.equal(missing.aspired, "m: 1");
  assert.deepEqual(missing.messages, ["Version 8 of servable m, which was requested to be served, does not exist."]);
  const none = await look(path, { kind: "specific", versions: [] });
  assert.equal(none.aspired, "m: ");
  assert.deepEqual(none.messages, ["No specific versions requested for servable m."]);
});

test("of two directories for one version one is taken, with a warning", async () => {
  const path = await basePath("repeated", "7", "007");
  const { aspired, messages, loaded } = await look(path, { kind: "all" });
  assert.equal(aspired, "m: 7");
  assert.deepEqual(messages, ["Several directories of servable m stand for version 7."]);
  assert.deepEqual(loaded.slice(0, 1), [`m 7 ${join(path, "007")}`]);
});

test("an empty base path unloads all versions; a missing one leaves what serves, and each is logged once", async () => {
  const path = await basePath("vanishing", "1");
  const { source, aspired, messages } = watched(0);
  void source.setModels([{ name: "m", basePath: path, policy: latest }]);
  await source.poll();
  await rm(join(path, "1"), { recursive: true });
  await source.poll();
  await source.poll();
  assert.deepEqual(
    [aspired.at(-1), messages.splice(0)],
    [
      "m: ",
      [
        `No versions of servable m found under base path ${path}. ` +
          "Did you forget to name your leaf directory as a number (eg. '/1/')?",
      ],
    ],
  );
  await rm(path, { recursive: true });
  const named = aspired.length;
  await source.poll();
  await source.poll();
  assert.equal(aspired.length, named, "nothing is named");
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? "", /^Could not find base path .*vanishing for servable m with error ENOENT/);
  source.close();
});

test("a failure with one model is logged, and neither the others nor the next look miss their turn", async () => {
  const path = await basePath("failing", "1");
  const named: string[] = [];
  const messages: unknown[] = [];
  let fails = true;
  const source = new DirectorySource({
    aspire: (model) => {
      if (fails && model === "bad") {
        throw new RangeError("the store is confused");
      }
      named.push(model);
    },
    load: () => Promise.reject(new Error("not loaded here")),
    pollMs: 0,
    log: (event, { model, message }) => messages.push([event, model, message]),
  });
  const models = ["bad", "good"].map((name) => ({ name, basePath: path, policy: latest }));
  await source.setModels(models);
  await source.poll();
  const failure = "The look for versions of servable bad failed (RangeError); it is repeated at the next turn.";
  assert.deepEqual([named, messages], [["good", "good"], [["model-source", "bad", failure]]]);
  fails = false;
  await source.poll();
  assert.deepEqual(named, ["good", "good", "bad", "good"]);
  fails = true;
  await source.poll();
  assert.equal(messages.length, 2, "a failure that comes back is logged again");
  source.close();
});

test("a period goes on after a failure, also one of the log", async () => {
  const path = await basePath("going-on", "1");
  let looks = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const source = new DirectorySource({
    aspire: () => {
      looks++;
      if (looks < 3) {
        throw new Error("not yet");
      }
      resolve();
    },
    load: () => Promise.reject(new Error("not loaded here")),
    pollMs: 5,
    log: () => {
      throw new Error("the disk is full");
    },
  });
  void source.setModels([{ name: "m", basePath: path, policy: latest }]);
  await promise;
  source.close();
});

test("a model that is no longer listed loses all its versions", async () => {
  const path = await basePath("listed", "1");
  const { source, aspired } = watched(0);
  const models = ["a", "b"].map((name) => ({ name, basePath: path, policy: latest }));
  void source.setModels(models);
  await source.poll();
  void source.setModels(models.slice(1));
  assert.equal(aspired.at(-1), "a: ");
  source.close();
});

test("what a look finds counts only for models that are still listed, and warnings start anew when one comes back", async () => {
  const [path, empty] = [await basePath("relisted", "1"), await basePath("relisted-empty")];
  const { source, aspired, messages } = watched(0);
  const model = { name: "m", basePath: path, policy: latest };
  const [looking] = [source.setModels([model]), source.setModels([])];
  await looking;
  await source.poll();
  assert.deepEqual(aspired, ["m: "], "it was removed before the look was over");
  for (let listed = 1; listed <= 2; listed++) {
    await source.setModels([{ ...model, basePath: empty }]);
    await source.poll();
    assert.equal(messages.length, listed);
    await source.setModels([]);
  }
  source.close();
});

test("a closed source looks no more, also when a look was under way", async () => {
  const path = await basePath("closed", "1");
  const { source, aspired } = watched(3_600_000);
  const idle = timers();
  const looking = source.setModels([{ name: "m", basePath: path, policy: latest }]);
  source.close();
  await looking;
  assert.deepEqual([aspired, timers()], [[], idle]);
});

test("a version directory may be a link", async () => {
  const [elsewhere, path] = [await basePath("elsewhere", "real"), await basePath("linked")];
  await symlink(join(elsewhere, "real"), join(path, "3"));
  assert.equal((await look(path)).aspired, "m: 3");
});

test("a negative period never looks", async () => {
  const { source, aspired } = watched(-1);
  await source.setModels([{ name: "m", basePath: await basePath("never", "1"), policy: latest }]);
  assert.deepEqual(aspired, []);
  source.close();
});

test("a period looks again and again", async () => {
  const path = await basePath("polled", "1");
  const { source, named } = watched(5);
  void source.setModels([{ name: "m", basePath: path, policy: latest }]);
  await named("m: 1");
  await basePath("polled", "2");
  await named("m: 2");
  await rm(join(path, "2"), { recursive: true });
  await named("m: 1");
  source.close();
});

test("a change of the base path is looked at long before the period is over", async () => {
  const path = await basePath("events", "1");
  const { source, named } = watched(3_600_000);
  void source.setModels([{ name: "m", basePath: path, policy: latest }]);
  await named("m: 1");
  await source.poll();
  await rename(join(await basePath("staging", "2"), "2"), join(path, "2"));
  await named("m: 2");
  source.close();
});
