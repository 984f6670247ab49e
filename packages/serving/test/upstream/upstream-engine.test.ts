import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { copyFile, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { type LoadedModel, ModelError, type ModelFiles } from "@sealserve/models";
import { NodeDef, SavedModel, ServingError, type Tensor } from "@sealserve/protocol";
import { NodeError } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import type { VersionFiles } from "../../src/source/version-files.ts";
import { MemoryBudget } from "../../src/transport/memory-budget.ts";
import type { ProgramFile } from "../../src/upstream/program-file.ts";
import { startProgram } from "../../src/upstream/start-program.ts";
import type { SupervisionTimes } from "../../src/upstream/supervisor.ts";
import { modelServerCommand } from "../../src/upstream/tensorflow-model-server.ts";
import { loadUpstream } from "../../src/upstream/upstream-engine.ts";
import { createModelServerPrograms, type ModelServerPrograms, quickTimes } from "../support/model-server-program.ts";

const served = { name: "half_plus_two", version: 1n };
const x: Tensor = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) };
const inputs = new Map([["x", x]]);

let programs: ModelServerPrograms;
/** On the tmpfs that every Linux has. */
let place: string;
const loaded: LoadedModel[] = [];
let logged: { readonly event: string; readonly fields: Parameters<Log>[1] }[];

before(async () => {
  programs = await createModelServerPrograms();
  place = await mkdtemp("/dev/shm/sealserve-test-");
});

beforeEach(() => {
  logged = [];
});

afterEach(async () => {
  await Promise.all(loaded.splice(0).map((model) => model.close()));
});

after(async () => {
  await programs.close();
  await rm(place, { recursive: true, force: true });
});

interface LoadChanges {
  readonly program?: ProgramFile;
  readonly files?: VersionFiles;
  readonly times?: Partial<SupervisionTimes>;
  readonly signal?: AbortSignal;
  readonly place?: string;
  readonly budget?: MemoryBudget;
}

async function load(changes: LoadChanges = {}): Promise<LoadedModel> {
  const { program = programs.server, files = { directory: programs.version }, signal } = changes;
  const options = {
    program,
    place: changes.place ?? place,
    command: modelServerCommand({ tags: ["serve"], threads: 1 }),
    tags: ["serve"],
    times: { ...quickTimes, ...changes.times },
    budget: changes.budget ?? new MemoryBudget(2 ** 30),
    log: (event: string, fields: Parameters<Log>[1]) => void logged.push({ event, fields }),
  };
  const model = await loadUpstream(options, served, files, signal ?? new AbortController().signal);
  loaded.push(model);
  return model;
}

async function filesInMemory(): Promise<ModelFiles> {
  const names = ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"];
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, Uint8Array]> => [name, await readFile(join(programs.version, name))]),
    ),
  );
}

async function predict(model: LoadedModel): Promise<unknown> {
  return (await model.run("serving_default", inputs, [])).get("y");
}

const halved = { dtype: "float32", shape: [2], data: Float32Array.of(2.5, 3) };

/** Waits for what has no event: a server may take its time to start on a busy machine. */
async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3000 && !condition(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(condition());
}

/** The process that serves now. */
function servingProcess(): number {
  return Number(logged.findLast(({ event }) => event === "engine-serves")?.fields["pid"]);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

function failsWith(code: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ServingError, String(error));
    assert.equal(error.code, code);
    return true;
  };
}

function refusedWith(code: string, text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof NodeError, String(error));
    assert.equal(error.code, code);
    assert.match(`${error.message} ${error.actual} ${error.remedy}`, text);
    return true;
  };
}

test("a model in memory runs in another program, whose files are for it alone and go with it", async () => {
  const model = await load({ files: await filesInMemory() });
  const [name = ""] = await readdir(place);
  const directory = join(place, name);
  const plaintext = join(directory, "model/1/saved_model.pb");
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  assert.equal((await stat(plaintext)).mode & 0o777, 0o600);
  assert.deepEqual(await predict(model), halved);
  assert.deepEqual(model.signatures.get("serving_default")?.inputs.get("x")?.dtype, "float32");
  const pid = servingProcess();
  assert.ok(isAlive(pid));
  await model.close();
  assert.deepEqual([isAlive(pid), await readdir(place)], [false, []]);
  await assert.rejects(predict(model), failsWith("UNAVAILABLE"));
});

test("the program gets none of this process's environment, and no core dump", async () => {
  process.env["SEALSERVE_TEST_HOST_CHOICE"] = "1";
  await load();
  const about = async (what: string): Promise<string> => await readFile(`/proc/${servingProcess()}/${what}`, "utf8");
  assert.doesNotMatch(await about("environ"), /SEALSERVE_TEST|\bLD_|NODE_OPTIONS/);
  assert.match(await about("limits"), /Max core file size +0 +0 /);
  assert.match(await about("status"), /NoNewPrivs:\s+1/);
  delete process.env["SEALSERVE_TEST_HOST_CHOICE"];
});

test("a plain folder is lent, not copied, and stays as it is", async () => {
  const content = readdirSync(programs.version, { recursive: true });
  const model = await load();
  assert.deepEqual(await predict(model), halved);
  await model.close();
  assert.deepEqual(readdirSync(programs.version, { recursive: true }), content);
  assert.deepEqual((await readFile(join(programs.version, "saved_model.pb"))).some(Boolean), true, "nothing was wiped");
});

test("a killed program is UNAVAILABLE until it is back, without the model being read again", async () => {
  const model = await load({ files: await filesInMemory() });
  const first = servingProcess();
  process.kill(first, "SIGKILL");
  await waitFor(() => logged.some(({ event }) => event === "engine-ended"));
  await assert.rejects(predict(model), failsWith("UNAVAILABLE"));
  assert.equal(model.failure, undefined);
  await waitFor(() => servingProcess() !== first);
  assert.deepEqual(await predict(model), halved);
});

test("a call that runs when the program is killed fails as UNAVAILABLE", async () => {
  const model = await load();
  process.kill(servingProcess(), "SIGSTOP");
  const running = assert.rejects(predict(model), failsWith("UNAVAILABLE"));
  process.kill(servingProcess(), "SIGKILL");
  await running;
});

test("a program that hangs is ended and started again", async () => {
  const model = await load({ times: { probeTimeoutMs: 200 } });
  const first = servingProcess();
  process.kill(first, "SIGSTOP");
  await waitFor(() => servingProcess() !== first);
  assert.ok(logged.some(({ event }) => event === "engine-hangs"));
  assert.equal(isAlive(first), false);
  assert.deepEqual(await predict(model), halved);
});

test("a program that was replaced is not started again, until the right one is back (threat A11)", async () => {
  const text = `exec ${programs.server.path} "$@"`;
  const program = await programs.script("pinned.sh", text);
  const sha256 = createHash("sha256")
    .update(await readFile(program.path))
    .digest("hex");
  const model = await load({ program: { ...program, sha256 } });
  const first = servingProcess();
  await programs.script("pinned.sh", `echo replaced > ${programs.directory}/replaced; ${text}`);
  process.kill(first, "SIGKILL");
  await waitFor(() => logged.some(({ event }) => event === "engine-not-restarted"));
  assert.match(`${logged.find(({ event }) => event === "engine-not-restarted")?.fields["reason"]}`, /pinned/);
  await assert.rejects(predict(model), failsWith("UNAVAILABLE"));
  assert.equal(existsSync(join(programs.directory, "replaced")), false);
  await programs.script("pinned.sh", text);
  await waitFor(() => servingProcess() !== first);
  assert.deepEqual(await predict(model), halved);
});

test("files that cannot be removed are named in the log, and the model is closed all the same", async () => {
  const model = await load({ files: await filesInMemory() });
  const [name = ""] = await readdir(place);
  // A program that runs cannot be overwritten.
  await copyFile("/bin/sleep", join(place, name, "sleep"));
  const running = spawn(join(place, name, "sleep"), ["1000"], { stdio: "ignore" });
  await once(running, "spawn");
  await model.close();
  running.kill("SIGKILL");
  const left = logged.find(({ event }) => event === "engine-files-left");
  assert.deepEqual(left?.fields, {
    model: served.name,
    directory: join(place, name),
    code: "private-directory-unusable",
  });
  assert.deepEqual(await readdir(place), []);
});

test("nothing is started for a process that has ended meanwhile", async () => {
  const program = { program: "/bin/sh", args: ["-c", "echo started >&2"], directory: place };
  for (const [parent, words] of [
    [process.pid, "started\n"],
    [process.ppid, ""],
  ] as const) {
    const child = startProgram(program, parent);
    const text = child.stderr === null ? "" : await readText(child.stderr);
    assert.equal(text, words);
  }
});

test("the caller's signal ends its wait, and the model goes on", async () => {
  const model = await load({ times: { probeMs: 60_000 } });
  const pid = servingProcess();
  process.kill(pid, "SIGSTOP");
  const reason = new ServingError("DEADLINE_EXCEEDED", "over");
  const stop = new AbortController();
  const running = model.run("serving_default", inputs, [], { signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(running, reason);
  process.kill(pid, "SIGCONT");
  assert.deepEqual(await predict(model), halved);
});

test("large calls run beside each other, and small ones beside them", async () => {
  const model = await load();
  const large: Tensor = { dtype: "float32", shape: [4_000_000], data: new Float32Array(4_000_000).fill(1) };
  const calls = [large, large, large].map((tensor) => model.run("serving_default", new Map([["x", tensor]]), []));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(await predict(model), halved);
  for (const outputs of await Promise.all(calls)) {
    const y = outputs.get("y");
    assert.deepEqual([y?.shape, y?.data[0], y?.data[3_999_999]], [[4_000_000], 2.5, 2.5]);
  }
});

test("what the program says of a call goes to its caller", async () => {
  const model = await load();
  await assert.rejects(model.run("serving_default", new Map(), []), failsWith("INVALID_ARGUMENT"));
  await assert.rejects(model.run("absent", inputs, []), failsWith("FAILED_PRECONDITION"));
});

test("a program that ends at once fails the load with its exit code, its words are logged in bounds, nothing is left", async () => {
  const text = `i=0; while [ $i -lt 500 ]; do printf 'port 8501 in use \\033[31m%01000d\\n' $i >&2; i=$((i+1)); done; exit 3`;
  const program = await programs.script("ends.sh", text);
  await assert.rejects(load({ program }), refusedWith("engine-not-started", /exit code 3/));
  const messages = logged.filter(({ event }) => event === "engine-message").map(({ fields }) => `${fields["message"]}`);
  assert.equal(messages.length, 100);
  assert.ok(
    messages.every((line) => line.startsWith("port 8501 in use") && line.length <= 300 && !/\p{Cc}/u.test(line)),
  );
  assert.deepEqual(await readdir(place), []);
});

test("what the program writes once it serves stays out of the log: it may quote requests", async () => {
  const program = await programs.script(
    "talks.sh",
    `( sleep 1; while :; do echo "canary of a request" >&2; sleep 0.02; done ) & exec ${programs.server.path} "$@"`,
  );
  const model = await load({ program });
  const soFar = logged.length;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await model.close();
  const late = logged.slice(soFar).filter(({ event }) => event === "engine-message");
  assert.deepEqual(late, []);
  assert.ok(Number(logged.findLast(({ event }) => event === "engine-ended")?.fields["withheldBytes"]) > 0);
});

test("a program that never serves is given up at its time, and one that is not waited for any more at once", async () => {
  const program = await programs.script("sleeps.sh", `echo $$ > ${programs.directory}/pid; exec sleep 1000`);
  await assert.rejects(
    load({ program, times: { startMs: 300 } }),
    refusedWith("engine-not-started", /within|0\.3|broke/),
  );
  const stop = new AbortController();
  const loading = load({ program, signal: stop.signal });
  const reason = new Error("not wanted");
  setTimeout(() => stop.abort(reason), 200);
  await assert.rejects(loading, reason);
  const pid = Number(await readFile(join(programs.directory, "pid"), "utf8"));
  assert.deepEqual([isAlive(pid), await readdir(place)], [false, []]);
});

test("a model that the program cannot load is refused with its reason", async () => {
  const files = new Map(await filesInMemory());
  files.delete("variables/variables.data-00000-of-00001");
  const refused = refusedWith("engine-not-started", /shard|exit code|variables/);
  await assert.rejects(load({ files }), refused);
});

/** Answers as `answer` says, by path. */
function http2Program(answer: string): string {
  return `
    import { createServer } from "node:http2";
    const socket = process.argv.find((a) => a.startsWith("--grpc_socket_path=")).slice(19);
    const ok = (stream, message) => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat([prefix, message]));
    };
    const status = Buffer.from([0x0a, 0x04, 0x08, 0x01, 0x10, 0x1e]);
    createServer().on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      const isStatus = headers[":path"].endsWith("GetModelStatus");
      ${answer}
    }).listen(socket);`;
}

test("a program that answers with garbage never serves", async () => {
  for (const [name, answer] of Object.entries({
    "no-grpc.sh": `stream.respond({ ":status": 200 }); stream.end("<html>");`,
    "no-proto.sh": `ok(stream, Buffer.from([0xff, 0xff, 0xff]));`,
    "cut.sh": `stream.respond({ ":status": 200 }, { waitForTrailers: true }); stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" })); stream.end(Buffer.from([0, 0, 0, 1, 0, 1]));`,
    "resets.sh": `stream.close(2);`,
  })) {
    const program = await programs.program(name, http2Program(answer));
    await assert.rejects(
      load({ program, times: { startMs: 1500 } }),
      refusedWith("engine-not-started", /within|serve/),
    );
  }
});

test("an answer that is none to the request is INTERNAL, and none of it reaches the caller", async () => {
  for (const [name, bytes] of Object.entries({
    "noise.sh": "[0xff, 0xff]",
    "empty.sh": "[]",
    // Model "other", version 1.
    "other.sh": `[0x12, 0x0b, 0x0a, 0x05, ...Buffer.from("other"), 0x12, 0x02, 0x08, 0x01]`,
    // The right model, and no outputs.
    "none.sh": `[0x12, 0x13, 0x0a, 0x0d, ...Buffer.from("half_plus_two"), 0x12, 0x02, 0x08, 0x01]`,
  })) {
    const answer = `ok(stream, isStatus ? status : Buffer.from(${bytes}));`;
    const model = await load({ program: await programs.program(name, http2Program(answer)) });
    await assert.rejects(predict(model), failsWith("INTERNAL"));
    await model.close();
  }
});

test("a model that would read a file of its choice is refused, and no program gets it (threat D10)", async () => {
  const files = new Map(await filesInMemory());
  const savedModel = SavedModel.decode(files.get("saved_model.pb") ?? new Uint8Array());
  const graph = savedModel.metaGraphs[0]?.graphDef;
  const output = savedModel.metaGraphs[0]?.signatureDef.get("serving_default")?.outputs.get("y")?.name?.split(":")[0];
  assert.ok(graph !== undefined);
  const node = [
    ...graph.node.map((each) => (each.name === output ? { ...each, input: [...each.input, "^leak"] } : each)),
    NodeDef.create({ name: "leak", op: "WriteFile", input: ["path", "content"] }),
  ];
  const metaGraphs = savedModel.metaGraphs.map((each) => ({ ...each, graphDef: { ...graph, node } }));
  files.set("saved_model.pb", SavedModel.encode({ ...savedModel, metaGraphs }));
  const refused = (error: unknown): boolean =>
    error instanceof ModelError && error.code === "unsupported-op" && /"leak" reaches out/.test(error.message);
  await assert.rejects(load({ files }), refused);
  assert.deepEqual([logged, await readdir(place)], [[], []]);
});

test("an answer counts while it comes, and is refused where there is no room for it (threat E1)", async () => {
  const budget = new MemoryBudget(2 ** 20);
  const held: number[] = [];
  const model = await load({ budget: observed(budget, held) });
  held.length = 0;
  const large = 100_000;
  const many = new Map([["x", { dtype: "float32", shape: [large], data: new Float32Array(large) } as const]]);
  assert.equal((await model.run("serving_default", many, [])).get("y")?.shape[0], large);
  assert.ok(Math.max(...held) >= 4 * large, `${Math.max(...held)}`);
  await waitFor(() => budget.held === 0);
  budget.reserve(2 ** 20 - large);
  await assert.rejects(model.run("serving_default", many, []), failsWith("RESOURCE_EXHAUSTED"));
  const free = 2 ** 20 - budget.held;
  budget.reserve(free);
  await new Promise((resolve) => setTimeout(resolve, 10 * quickTimes.probeMs));
  assert.ok(!logged.some(({ event }) => event === "engine-ended"), "looks at the program need no room");
  budget.release(free);
  budget.release(2 ** 20 - large);
  await waitFor(() => budget.held === 0);
  assert.deepEqual(await predict(model), halved);
});

/** Notes what is held after each reservation. */
function observed(budget: MemoryBudget, held: number[]): MemoryBudget {
  const reserve = budget.reserve.bind(budget);
  budget.reserve = (bytes) => {
    reserve(bytes);
    held.push(budget.held);
  };
  return budget;
}
