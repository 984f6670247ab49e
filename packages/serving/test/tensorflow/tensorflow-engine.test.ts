import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { type LoadedModel, type ModelFiles, writeExampleModels } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { libraries, skipWithoutLibrary } from "../../../../tests/support/libtensorflow.ts";
import { NodeError } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import type { VersionFiles } from "../../src/source/version-files.ts";
import { tensorFlowCommand } from "../../src/tensorflow/tensorflow-program.ts";
import { MemoryBudget } from "../../src/transport/memory-budget.ts";
import { loadUpstream } from "../../src/upstream/upstream-engine.ts";
import { quickTimes } from "../support/model-server-program.ts";

const served = { name: "half_plus_two", version: 1n };
const floats = (...values: readonly number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

let models: string;
/** On the tmpfs that every Linux has. */
let place: string;
const loaded: LoadedModel[] = [];
let logged: { readonly event: string; readonly fields: Parameters<Log>[1] }[];

before(async () => {
  models = await mkdtemp(join(tmpdir(), "sealserve-tensorflow-"));
  await writeExampleModels(models);
  place = await mkdtemp("/dev/shm/sealserve-test-");
});

beforeEach(() => {
  logged = [];
});

afterEach(async () => {
  await Promise.all(loaded.splice(0).map((model) => model.close()));
});

after(async () => {
  await Promise.all([models, place].map((folder) => rm(folder, { recursive: true, force: true })));
});

async function load(library: string, files: VersionFiles = { directory: versionFolder() }): Promise<LoadedModel> {
  const options = {
    program: { path: library, namedBy: "--libtensorflow" },
    place,
    command: tensorFlowCommand({ tags: ["serve"], threads: 1 }),
    tags: ["serve"],
    times: { ...quickTimes, startMs: 120_000, probeTimeoutMs: 20_000 },
    budget: new MemoryBudget(2 ** 30),
    log: (event: string, fields: Parameters<Log>[1]) => void logged.push({ event, fields }),
  };
  const model = await loadUpstream(options, served, files, new AbortController().signal);
  loaded.push(model);
  return model;
}

function versionFolder(): string {
  return join(models, "half_plus_two/1");
}

async function filesInMemory(): Promise<ModelFiles> {
  const names = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"];
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, Uint8Array]> => [name, await readFile(join(versionFolder(), name))]),
    ),
  );
}

async function predict(model: LoadedModel, ...values: readonly number[]): Promise<unknown> {
  return (await model.run("serving_default", new Map([["x", floats(...values)]]), [])).get("y");
}

function failsWith(code: string, text = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  };
}

/** The process that serves now. */
function servingProcess(): number {
  return Number(logged.findLast(({ event }) => event === "engine-serves")?.fields["pid"]);
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 6000 && !condition(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(condition());
}

test("a file that is no TensorFlow fails the load with its name and the reason, and leaves nothing", async () => {
  const library = join(models, "libtensorflow.so");
  await writeFile(library, "no library");
  await assert.rejects(load(library, await filesInMemory()), (error) => {
    assert.ok(error instanceof NodeError, String(error));
    assert.equal(error.code, "engine-not-started");
    assert.match(`${error.actual}`, new RegExp(`${library} cannot be loaded as a library; .*(invalid ELF|too short)`));
    return true;
  });
  assert.deepEqual(await readdir(place), []);
});

test("a library that others can change is not run (threats A11, E6)", async () => {
  const library = join(models, "open.so");
  await writeFile(library, "");
  await chmod(library, 0o666);
  await assert.rejects(load(library), (error) => error instanceof NodeError && error.code === "engine-unusable");
  await assert.rejects(load("lib.so"), (error) => error instanceof NodeError && /absolute path/.test(error.message));
});

for (const library of libraries.length > 0 ? libraries : ["libtensorflow"]) {
  describe(library, { skip: skipWithoutLibrary }, () => {
    test("a model in memory runs in another process, whose files are for it alone and go with it", async () => {
      const model = await load(library, await filesInMemory());
      const [name = ""] = await readdir(place);
      assert.ok((await readdir(join(place, name, "model/1"))).includes("saved_model.pb"));
      assert.deepEqual(await predict(model, 1, 2, 5), floats(2.5, 3, 4.5));
      const pid = servingProcess();
      assert.notEqual(pid, process.pid);
      const maps = await readFile(`/proc/${pid}/maps`, "utf8");
      assert.match(maps, /libtensorflow/);
      assert.doesNotMatch(await readFile("/proc/self/maps", "utf8"), /libtensorflow/);
      await model.close();
      assert.deepEqual([existsSync(`/proc/${pid}`), await readdir(place)], [false, []]);
      await assert.rejects(predict(model, 1), failsWith("UNAVAILABLE"));
    });

    test("the process has none of our environment, writes no core dump, and gains no rights", async () => {
      process.env["SEALSERVE_TEST_HOST_CHOICE"] = "1";
      await load(library);
      const about = async (what: string) => await readFile(`/proc/${servingProcess()}/${what}`, "utf8");
      assert.doesNotMatch(await about("environ"), /SEALSERVE_TEST|\bLD_|NODE_OPTIONS/);
      assert.match(await about("limits"), /Max core file size +0 +0 /);
      assert.match(await about("status"), /NoNewPrivs:\s+1/);
      delete process.env["SEALSERVE_TEST_HOST_CHOICE"];
    });

    test("many calls at once each get their own answer, and what is wrong with one is its error", async () => {
      const model = await load(library);
      const text: Tensor = { dtype: "string", shape: [1], data: [new Uint8Array(1)] };
      const wrong = assert.rejects(
        model.run("serving_default", new Map([["x", text]]), []),
        failsWith("INVALID_ARGUMENT", /Expects arg\[0\] to be float but string is provided/),
      );
      const answers = await Promise.all(Array.from({ length: 300 }, (_, call) => predict(model, call)));
      assert.deepEqual(
        answers,
        Array.from({ length: 300 }, (_, call) => floats(call / 2 + 2)),
      );
      await wrong;
      await assert.rejects(model.run("absent", new Map(), []), failsWith("FAILED_PRECONDITION", /"absent" not found/));
    });

    test("a killed process is UNAVAILABLE until another is there", async () => {
      const model = await load(library, await filesInMemory());
      const first = servingProcess();
      process.kill(first, "SIGKILL");
      await waitFor(() => logged.some(({ event }) => event === "engine-ended"));
      await assert.rejects(predict(model, 1), failsWith("UNAVAILABLE"));
      await waitFor(() => servingProcess() !== first);
      assert.deepEqual(await predict(model, 1), floats(2.5));
    });

    test("a model that TensorFlow does not load is refused with its reason", async () => {
      const files = new Map(await filesInMemory());
      files.delete("variables/variables.data-00000-of-00001");
      await assert.rejects(load(library, files), (error) => {
        assert.ok(error instanceof NodeError, String(error));
        assert.match(
          `${error.code} ${error.actual}`,
          /engine-not-started TensorFlow does not load the model; .*variables/,
        );
        return true;
      });
      assert.deepEqual(await readdir(place), []);
    });
  });
}
