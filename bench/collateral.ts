/**
 * What an answer of the collateral service costs: TLS over loopback, 32 connections, a store with 1,000 platforms, once as
 * one process and once as two. Beside the figures of Intel's PCCS 1.27.0 on the same kind of load. `npm run bench:collateral`
 */
import { availableParallelism, loadavg } from "node:os";
import { CORES_EACH, measureScaling } from "./collateral/scaling.ts";
import {
  type Load,
  load,
  OPERATIONS,
  type Operation,
  processesOf,
  residentMib,
  startService,
  stopService,
  warmUp,
} from "./collateral/service-load.ts";
import { printFigure } from "./harness.ts";

const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 5);
/** Requests in a second, and milliseconds of processor time for one, of Intel's service in one process. */
const INTEL: Readonly<Record<Operation, Pick<Load, "perSecond" | "cpuMs">>> = {
  tcb: { perSecond: 1_034, cpuMs: 0.72 },
  identity: { perSecond: 1_008, cpuMs: 0.68 },
  pckcert: { perSecond: 663, cpuMs: 1.21 },
};

interface Measured {
  readonly loads: Record<Operation, Load>;
  readonly resident: number[];
}

async function measure(workers: number): Promise<Measured> {
  const service = await startService(workers);
  const loads: Partial<Record<Operation, Load>> = {};
  for (const operation of OPERATIONS) {
    await warmUp(service, operation);
    loads[operation] = await load(service, operation, SECONDS);
  }
  const resident = residentMib(processesOf(service));
  await stopService(service);
  return { loads: loads as Record<Operation, Load>, resident };
}

const one = await measure(1);
const two = await measure(2);
const scaling = await measureScaling(Math.ceil(SECONDS / 2));
const ofEach = <Value>(value: (operation: Operation) => Value): Record<string, Value> =>
  Object.fromEntries(OPERATIONS.map((operation) => [operation, value(operation)]));

function ratioOf(above: number, below: number): number {
  return Number((above / below).toPrecision(3));
}

function cheaper(operation: Operation): number {
  return ratioOf(INTEL[operation].cpuMs, one.loads[operation].cpuMs);
}

/** How much more two workers can answer where the load generator takes its part of the cores. */
function gainOfCores(operation: Operation): number {
  const { cpuMs, loaderCpuMs } = two.loads[operation];
  const most = (availableParallelism() * 1000) / (cpuMs + loaderCpuMs);
  return ratioOf(Math.min(2 * one.loads[operation].perSecond, most), one.loads[operation].perSecond);
}

printFigure({
  name: "Answers of the collateral service, TLS, 32 connections, 1,000 platforms",
  ratio: cheaper("tcb"),
  ratioOf: "processor time of a TCB info from Intel's PCCS 1.27.0 to that of ours, one process",
  ratios: ofEach(cheaper),
  oneProcess: one.loads,
  twoWorkers: two.loads,
  workersGain: ofEach((operation) => ratioOf(two.loads[operation].perSecond, one.loads[operation].perSecond)),
  gainThatCoresAllow: ofEach(gainOfCores),
  workersGainWithQuota: scaling && ofEach((operation) => scaling[operation].gain),
  quota: scaling && { coresEach: CORES_EACH, ...scaling },
  costWithTwoWorkers: ofEach((operation) => ratioOf(two.loads[operation].cpuMs, one.loads[operation].cpuMs)),
  intel: INTEL,
  residentMib: { oneProcess: one.resident, twoWorkers: two.resident },
  loadAverage: loadavg().map((value) => Number(value.toFixed(1))),
});
