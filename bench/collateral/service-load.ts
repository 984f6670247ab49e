/** A collateral service with 1,000 platforms under the load of `wrk`, and what its processes spend. */
import { execFile, execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { CPU_SVN, PCE_SVN, uploadOf } from "../../packages/collateral-service/test/support/upload.ts";
import { CollateralProcess, TOKEN } from "../../tests/support/collateral-process.ts";

const BASE = "/sgx/certification/v4";
const PLATFORMS = 1_000;
const PLATFORMS_AN_UPLOAD = 100;
const CONNECTIONS = 32;
export const OPERATIONS = ["tcb", "identity", "pckcert"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What one run gave. */
export interface Load {
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

/** A service that answers for all platforms, in all of its workers. */
export async function startService(workers: number): Promise<CollateralProcess> {
  const limits = "limits: { requestsPerSecond: 100000, requestBurst: 100000 }";
  const service = await CollateralProcess.prepare(`workers: ${workers}\n${limits}`);
  await service.start();
  await uploadPlatforms(service);
  await setTimeout(500); // until all workers have seen it
  return service;
}

export async function stopService(service: CollateralProcess): Promise<void> {
  await service.stop();
  await service.remove();
}

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
export function processesOf(service: CollateralProcess): number[] {
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

export function residentMib(ids: readonly number[]): number[] {
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

/** Writes what `wrk` is to send: requests for certificates go through all platforms by turns. */
async function writeScript(service: CollateralProcess, operation: Operation): Promise<string> {
  const script = join(service.folder, `${operation}.lua`);
  const turn = certificatePath(0).replace(qeIdOf(0), "%032X");
  const byTurns = `local n = 0\nrequest = function()\n  n = (n + 1) % ${PLATFORMS}\n  return wrk.format("GET", string.format("${turn}", n))\nend\n`;
  await writeFile(script, operation === "pckcert" ? byTurns : "");
  return script;
}

function pathOf(service: CollateralProcess, operation: Operation): string {
  const paths: Record<Operation, string> = {
    tcb: `${BASE}/tcb?fmspc=${service.vendor.machine.fmspc.toUpperCase()}`,
    identity: `${BASE}/qe/identity`,
    pckcert: certificatePath(0),
  };
  return paths[operation];
}

/**
 * Sends requests as fast as they are answered.
 * @throws {Error} when an answer is none of success, or a connection fails
 */
async function send(
  service: CollateralProcess,
  operation: Operation,
  seconds: number,
): Promise<{ readonly count: number; readonly loaderMs: number }> {
  const script = await writeScript(service, operation);
  const order = ["-t1", "--timeout", "10s", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", script];
  const url = `${service.url}${pathOf(service, operation)}`;
  const { stdout } = await run("bash", ["-c", 'wrk "$@"; times', "wrk", ...order, url]);
  if (/Non-2xx|Socket errors/.test(stdout)) {
    throw new Error(`answers failed: ${stdout}`);
  }
  return { count: Number(/(\d+) requests in/.exec(stdout)?.[1]), loaderMs: childrenMsIn(stdout) };
}

/** Sends requests until the code that answers them is compiled. */
export async function warmUp(service: CollateralProcess, operation: Operation): Promise<void> {
  await send(service, operation, 4);
}

/** What a service does under full load. */
export async function load(service: CollateralProcess, operation: Operation, forSeconds: number): Promise<Load> {
  const ids = processesOf(service);
  const [cpuBefore, startedAt] = [cpuMsOf(ids), performance.now()];
  const { count, loaderMs } = await send(service, operation, forSeconds);
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
