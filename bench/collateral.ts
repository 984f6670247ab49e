/**
 * What an answer of the collateral service costs: TLS over loopback, 32 connections, a store with 1,000 platforms, once as
 * one process and once as two. Beside the figures of Intel's PCCS 1.27.0 on the same kind of load. `npm run bench:collateral`
 */
import { execFile, execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { CPU_SVN, PCE_SVN, uploadOf } from "../packages/collateral-service/test/support/upload.ts";
import { CollateralProcess, TOKEN } from "../tests/support/collateral-process.ts";
import { CpuQuota } from "./cpu-quota.ts";
import { printFigure } from "./harness.ts";

const BASE = "/sgx/certification/v4";
const PLATFORMS = 1_000;
const PLATFORMS_AN_UPLOAD = 100;
const CONNECTIONS = 32;
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 5);
/** Part of a core that each process gets where growth with workers is measured: the load generator's need is left to it. */
const CORES_EACH = 0.25;
/** Requests in a second, and milliseconds of processor time for one, of Intel's service in one process. */
const INTEL = {
  tcb: { perSecond: 1_034, cpuMs: 0.72 },
  identity: { perSecond: 1_008, cpuMs: 0.68 },
  pckcert: { perSecond: 663, cpuMs: 1.21 },
} as const;
type Operation = keyof typeof INTEL;

/** What one run gave. */
interface Load {
  readonly perSecond: number;
  readonly cpuMs: number;
  /** Milliseconds of processor time of the load generator for one request, on the same cores. */
  readonly loaderCpuMs: number;
  /** Part of the processor time that the busiest process spent: with two that share the work, a half. */
  readonly busiest: number;
}

const run = promisify(execFile);
const qeIdOf = (index: number): string => index.toString(16).toUpperCase().padStart(32, "0");
const certificatePath = (index: number): string =>
  `${BASE}/pckcert?qeid=${qeIdOf(index)}&pceid=0000&cpusvn=${CPU_SVN}&pcesvn=${PCE_SVN}`;

/** Uploads the machine of the vendor under so many names. */
async function uploadPlatforms(service: CollateralProcess): Promise<void> {
  const file = await uploadOf({ now: new Date() }, service.vendor);
  const [platform] = file.platforms;
  const [certificates] = file.collaterals.pck_certs;
  for (let start = 0; start < PLATFORMS; start += PLATFORMS_AN_UPLOAD) {
    const names = Array.from({ length: PLATFORMS_AN_UPLOAD }, (_, index) => ({ qe_id: qeIdOf(start + index) }));
    const body = {
      platforms: names.map((name) => ({ ...platform, ...name })),
      collaterals: { ...file.collaterals, pck_certs: names.map((name) => ({ ...certificates, ...name })) },
    };
    const headers = { "admin-token": TOKEN, "content-type": "application/json" };
    const request = { method: "PUT", path: `${BASE}/platformcollateral`, headers, body: JSON.stringify(body) };
    const { status } = await service.client.send(request);
    if (status !== 200) {
      throw new Error(`the upload was refused: ${status}`);
    }
  }
}

/** The service's processes: the one that was started, and those below it. */
function processesOf(service: CollateralProcess): number[] {
  const parent = service.running.process.pid as number;
  const isChild = (id: string): boolean => {
    try {
      return Number(readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1]?.split(" ")[1]) === parent;
    } catch {
      return false; // it has ended meanwhile
    }
  };
  return [
    parent,
    ...readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && isChild(name))
      .map(Number),
  ];
}

const TICKS_A_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Processor time of each of them so far, milliseconds. */
function cpuMsOf(ids: readonly number[]): number[] {
  return ids.map((id) => {
    const fields = readFileSync(`/proc/${id}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND) * 1000;
  });
}

function residentMib(ids: readonly number[]): number[] {
  return ids.map((id) =>
    Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1]) / 1024),
  );
}

/** What the shell's `times` says of the programs that it ran: user and system time in its last line, milliseconds. */
function childrenMsIn(output: string): number {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  return [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000,
    0,
  );
}

/** Sends requests as fast as they are answered; those for certificates go through all platforms by turns. */
async function load(service: CollateralProcess, operation: Operation): Promise<Load> {
  const fmspc = service.vendor.machine.fmspc.toUpperCase();
  const paths: Record<Operation, string> = {
    tcb: `${BASE}/tcb?fmspc=${fmspc}`,
    identity: `${BASE}/qe/identity`,
    pckcert: certificatePath(0),
  };
  const script = join(service.folder, "turns.lua");
  const turn = certificatePath(0).replace(qeIdOf(0), "%032X");
  const byTurns = `local n = 0\nrequest = function()\n  n = (n + 1) % ${PLATFORMS}\n  return wrk.format("GET", string.format("${turn}", n))\nend\n`;
  await writeFile(script, operation === "pckcert" ? byTurns : "");
  const send = async (seconds: number): Promise<{ readonly count: number; readonly loaderMs: number }> => {
    const args = [
      "-t1",
      "--timeout",
      "10s",
      `-c${CONNECTIONS}`,
      `-d${seconds}s`,
      "-s",
      script,
      `${service.url}${paths[operation]}`,
    ];
    const { stdout } = await run("bash", ["-c", 'wrk "$@"; times', "wrk", ...args]);
    if (/Non-2xx|Socket errors/.test(stdout)) {
      throw new Error(`answers failed: ${stdout}`);
    }
    return { count: Number(/(\d+) requests in/.exec(stdout)?.[1]), loaderMs: childrenMsIn(stdout) };
  };
  await send(4); // until the code is compiled
  const ids = processesOf(service);
  const [cpuBefore, startedAt] = [cpuMsOf(ids), performance.now()];
  const { count, loaderMs } = await send(SECONDS);
  const seconds = (performance.now() - startedAt) / 1000;
  const spent = cpuMsOf(ids).map((after, index) => after - (cpuBefore[index] as number));
  const cpuMs = spent.reduce((sum, one) => sum + one, 0);
  return {
    perSecond: Math.round(count / seconds),
    cpuMs: Number((cpuMs / count).toPrecision(3)),
    loaderCpuMs: Number((loaderMs / count).toPrecision(3)),
    busiest: Number((Math.max(...spent) / cpuMs).toPrecision(2)),
  };
}

interface Measured {
  readonly loads: Record<Operation, Load>;
  readonly resident: number[];
}

async function measure(workers: number, coresEach?: number): Promise<Measured> {
  const limits = "limits: { requestsPerSecond: 100000, requestBurst: 100000 }";
  const service = await CollateralProcess.prepare(`workers: ${workers}\n${limits}`);
  await service.start();
  await uploadPlatforms(service);
  await setTimeout(500); // until all workers have seen it
  const quota = new CpuQuota();
  const loads: Partial<Record<Operation, Load>> = {};
  try {
    if (coresEach !== undefined) {
      for (const id of processesOf(service)) {
        quota.limit(id, coresEach);
      }
    }
    for (const operation of Object.keys(INTEL) as Operation[]) {
      loads[operation] = await load(service, operation);
    }
  } finally {
    quota.lift();
  }
  const resident = residentMib(processesOf(service));
  await service.stop();
  await service.remove();
  return { loads: loads as Record<Operation, Load>, resident };
}

/** Nothing where this user may not limit processes. */
async function measureLimited(workers: number): Promise<Measured | undefined> {
  return measure(workers, CORES_EACH).catch((error: NodeJS.ErrnoException) => {
    if (["EACCES", "EROFS", "ENOENT", "EPERM"].includes(error.code ?? "")) {
      return undefined;
    }
    throw error;
  });
}

const one = await measure(1);
const two = await measure(2);
const [oneLimited, twoLimited] = [await measureLimited(1), await measureLimited(2)];
const operations = Object.keys(INTEL) as Operation[];
const ofEach = <Value>(value: (operation: Operation) => Value): Record<string, Value> =>
  Object.fromEntries(operations.map((operation) => [operation, value(operation)]));

function cheaper(operation: Operation): number {
  return Number((INTEL[operation].cpuMs / one.loads[operation].cpuMs).toPrecision(3));
}

function gain(before: Measured, after: Measured, operation: Operation): number {
  return Number((after.loads[operation].perSecond / before.loads[operation].perSecond).toPrecision(3));
}

/** How much more two workers can answer where the load generator takes its part of the cores. */
function gainOfCores(operation: Operation): number {
  const { cpuMs, loaderCpuMs } = two.loads[operation];
  const most = (availableParallelism() * 1000) / (cpuMs + loaderCpuMs);
  return Number(Math.min(2, most / one.loads[operation].perSecond).toPrecision(3));
}

printFigure({
  name: "Answers of the collateral service, TLS, 32 connections, 1,000 platforms",
  ratio: cheaper("tcb"),
  ratioOf: "processor time of a TCB info from Intel's PCCS 1.27.0 to that of ours, one process",
  ratios: ofEach(cheaper),
  oneProcess: one.loads,
  twoWorkers: two.loads,
  workersGain: ofEach((operation) => gain(one, two, operation)),
  gainThatCoresAllow: ofEach(gainOfCores),
  workersGainWithQuota: oneLimited && twoLimited && ofEach((operation) => gain(oneLimited, twoLimited, operation)),
  quota: oneLimited &&
    twoLimited && { coresEach: CORES_EACH, oneProcess: oneLimited.loads, twoWorkers: twoLimited.loads },
  costWithTwoWorkers: ofEach((operation) =>
    Number((two.loads[operation].cpuMs / one.loads[operation].cpuMs).toPrecision(3)),
  ),
  intel: INTEL,
  residentMib: { oneProcess: one.resident, twoWorkers: two.resident },
  loadAverage: loadavg().map((value) => Number(value.toFixed(1))),
});
