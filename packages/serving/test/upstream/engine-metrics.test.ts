import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { LoadedModel } from "@sealserve/models";
import type { Log } from "../../src/log.ts";
import { EngineMetrics } from "../../src/metrics/engine-metrics.ts";
import { MetricRegistry } from "../../src/metrics/registry.ts";
import { MemoryBudget } from "../../src/transport/memory-budget.ts";
import type { ServedVersion } from "../../src/upstream/model-server-client.ts";
import { ProgramUsage } from "../../src/upstream/program-usage.ts";
import type { SupervisionTimes } from "../../src/upstream/supervisor.ts";
import { modelServerCommand } from "../../src/upstream/tensorflow-model-server.ts";
import { loadUpstream, type WatchedProgram } from "../../src/upstream/upstream-engine.ts";
import { createModelServerPrograms, type ModelServerPrograms, quickTimes } from "../support/model-server-program.ts";

const served = { name: "half_plus_two", version: 1n };
const TICK_SECONDS = 0.01;
const names = ["cpu_seconds_total", "memory_ends_total", "resident_memory_bytes", "restarts_total", "up"];

let programs: ModelServerPrograms;
/** On the tmpfs that every Linux has. */
let place: string;
let registry: MetricRegistry;
let metrics: EngineMetrics;
/** Those that came to serve, one after the other. */
let pids: number[];
let events: string[];
let watched: WatchedProgram | undefined;
const loaded: LoadedModel[] = [];

before(async () => {
  programs = await createModelServerPrograms();
  place = await mkdtemp("/dev/shm/sealserve-test-");
});

beforeEach(() => {
  pids = [];
  events = [];
  registry = new MetricRegistry();
  metrics = new EngineMetrics(registry);
});

afterEach(async () => {
  await Promise.all(loaded.splice(0).map((model) => model.close()));
});

after(async () => {
  await programs.close();
  await rm(place, { recursive: true, force: true });
});

async function load(times: Partial<SupervisionTimes> = {}, maxResidentBytes?: number): Promise<LoadedModel> {
  const log: Log = (event, { pid }) => {
    events.push(event);
    if (event === "engine-serves") {
      pids.push(Number(pid));
    }
  };
  const options = {
    program: programs.server,
    place,
    command: modelServerCommand({ tags: ["serve"], threads: 1 }),
    tags: ["serve"],
    times: { ...quickTimes, ...times },
    maxResidentBytes,
    budget: new MemoryBudget(2 ** 30),
    log,
    watch: (id: ServedVersion, program: WatchedProgram) => {
      watched = program;
      return metrics.watch(id, program);
    },
  };
  const model = await loadUpstream(options, served, { directory: programs.version }, new AbortController().signal);
  loaded.push(model);
  return model;
}

/** What the page says of a version, by the name of the metric. */
function page({ name, version } = served): ReadonlyMap<string, number> {
  const line = /^sealserve_engine_(\w+)\{model="(.*)",version="(\d+)"\} (\S+)$/gm;
  const lines = Array.from(registry.expose().matchAll(line), ([, metric = "", ...rest]) => ({ metric, rest }));
  const own = lines.filter(({ rest: [model, of] }) => model === name && of === `${version}`);
  return new Map(own.map(({ metric, rest: [, , value] }) => [metric, Number(value)]));
}

function cpuOnPage(): number {
  return page().get("cpu_seconds_total") ?? assert.fail("no line");
}

/** What Linux counts for a process. */
async function cpuSecondsOf(pid: number | undefined): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "latin1")).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Waits for what has no event: a server may take its time to start on a busy machine. */
async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3000 && !condition(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(condition());
}

test("a version's program is on the page with what Linux counts for it, until the version is gone", async () => {
  const model = await load();
  const other = { ...served, version: 2n };
  const least = await cpuSecondsOf(pids[0]);
  const shown = page();
  assert.deepEqual([...shown.keys()].sort(), names);
  assert.deepEqual([shown.get("up"), shown.get("restarts_total")], [1, 0]);
  const cpu = shown.get("cpu_seconds_total") ?? 0;
  assert.ok(least > 0 && cpu >= least && cpu <= (await cpuSecondsOf(pids[0])), `${least} ${cpu}`);
  // A server in JavaScript takes more than 20 MiB and, with a model of two numbers, less than 2 GiB.
  const resident = shown.get("resident_memory_bytes") ?? 0;
  assert.ok(resident > 20 * 2 ** 20 && resident < 2 ** 31, `${resident}`);
  assert.deepEqual([...page(other)], []);
  await model.close();
  assert.doesNotMatch(registry.expose(), /^sealserve_engine/m);
});

test("a program that is killed is down without memory, its processor time stays, and its restart is counted", async () => {
  await load({ firstPauseMs: 1000, maxPauseMs: 1000 });
  const ofFirst = cpuOnPage();
  process.kill(pids[0] ?? 0, "SIGKILL");
  await waitFor(() => page().get("up") === 0);
  const down = page();
  assert.deepEqual(
    [...down.keys()].sort(),
    names.filter((name) => name !== "resident_memory_bytes"),
  );
  assert.ok(cpuOnPage() >= ofFirst);
  await waitFor(() => pids.length === 2);
  const [ofSecond, shown] = [await cpuSecondsOf(pids[1]), page()];
  assert.deepEqual([shown.get("up"), shown.get("restarts_total")], [1, 1]);
  const cpu = shown.get("cpu_seconds_total") ?? 0;
  assert.ok(ofSecond > 0 && cpu >= ofFirst + ofSecond - TICK_SECONDS / 2, `${ofFirst} ${ofSecond} ${cpu}`);
});

test("a program that hangs is down before it is ended, and what it used counts although nobody asked meanwhile", async () => {
  await load({ probeTimeoutMs: 200, maxFailedProbes: 5 });
  const [first] = pids;
  process.kill(first ?? 0, "SIGSTOP");
  const ofFirst = await cpuSecondsOf(first);
  await waitFor(() => watched?.answers === false);
  assert.deepEqual([events.includes("engine-hangs"), ofFirst > 0], [false, true]);
  await waitFor(() => pids.length === 2);
  assert.equal(watched?.answers, true);
  const ofSecond = await cpuSecondsOf(pids[1]);
  assert.ok(cpuOnPage() >= ofFirst + ofSecond - TICK_SECONDS / 2, `${ofFirst} ${ofSecond}`);
});

test("a program with more memory than it may have is ended, while it loads and while it serves, and started again (threat D10)", async (t) => {
  const isTooLarge = { code: "engine-not-started", message: /more memory than it may have/ };
  await assert.rejects(load({}, 2 ** 20), isTooLarge);
  assert.ok(events.includes("engine-too-large"));
  let resident = 2 ** 20;
  t.mock.method(ProgramUsage.prototype, "residentBytes", () => resident);
  await load({}, 2 ** 20);
  resident++;
  await waitFor(() => page().get("memory_ends_total") === 1);
  resident--;
  await waitFor(() => pids.length === 2);
  assert.deepEqual([page().get("restarts_total"), page().get("up")], [1, 1]);
});

test("what names of models hold is quoted, and a version that never came to serve is nowhere", async () => {
  const usage = new ProgramUsage();
  metrics.watch({ name: 'a"b', version: 7n }, { answers: false, usage });
  assert.match(registry.expose(), /^sealserve_engine_up\{model="a\\"b",version="7"\} 0$/m);
  await assert.rejects(load({ startMs: 1 }));
  assert.deepEqual([...page()], []);
});

test("a program's name cannot pass for what is counted", async (t) => {
  const text = `
    require("node:fs").writeFileSync("/proc/self/comm", "a) R 9 9 9 (b");
    const tell = () => { const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6); };
    while (process.cpuUsage().user < 2e5);
    tell();
    process.stdin.once("data", tell);`;
  const child = spawn(process.execPath, ["-e", text], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const told = async (): Promise<number> => Number((await lines.next()).value);
  const usage = new ProgramUsage();
  usage.started(child);
  const least = await told();
  assert.match(await readFile(`/proc/${child.pid}/stat`, "latin1"), /^\d+ \(a\) R 9 9 9 \(b\) /);
  const seconds = usage.cpuSeconds();
  child.stdin.end("\n");
  const most = await told();
  // Either of the two times is cut to whole ticks.
  assert.ok(seconds >= least - 2 * TICK_SECONDS && seconds <= most, `${least} ${seconds} ${most}`);
  await once(child, "exit");
  assert.deepEqual([usage.cpuSeconds(), usage.residentBytes(), usage.restarts], [seconds, undefined, 0]);
});
