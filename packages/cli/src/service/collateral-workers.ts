import cluster, { type Worker } from "node:cluster";
import {
  CollateralMetrics,
  type MetricCounts,
  prepareCollateralService,
  type ServiceConfig,
  startCollateralService,
  startServiceMonitoring,
} from "@sealserve/collateral-service";
import { EXIT } from "../exit-codes.ts";
import { paint, printJson, surviveLostOutput, tell } from "../output/terminal.ts";
import { Hangups } from "./hangups.ts";
import { abortOnSignal, closeOnAbort } from "./until-signal.ts";

/** Pause before a process that ended by itself is started again, milliseconds. */
const RESTART_MS = 1_000;
/** How often a worker hands on what it has counted, milliseconds: that much is lost when it is killed. */
const COUNTS_MS = 500;

/** What a worker says to the first process. */
type WorkerMessage = { readonly url: string } | { readonly counts: MetricCounts };

/** Runs the service in this process, or in as many as the configuration says, until a signal ends it. */
export async function runCollateralService(read: () => Promise<ServiceConfig>, json: boolean): Promise<void> {
  surviveLostOutput();
  const config = await read();
  if (cluster.isPrimary && config.workers > 1) {
    await prepareCollateralService(config);
    await superviseWorkers(config, json);
    return;
  }
  try {
    await (cluster.isPrimary ? runAlone(config, read, json) : runAsWorker(config, read, json));
  } finally {
    cluster.worker?.disconnect(); // the channel to the first process would keep a worker that failed alive
  }
}

async function runAlone(config: ServiceConfig, read: () => Promise<ServiceConfig>, json: boolean): Promise<void> {
  const hangups = new Hangups();
  const signal = abortOnSignal(hangups.hear);
  const service = await startCollateralService(config, { log: (message) => tellEvent(message, json) });
  hangups.heed(() => void service.reload(read));
  tellReady(service.url, service.monitoringUrl, json);
  await closeOnAbort(service, signal);
}

/** The first process has the monitoring, and counts for all. */
async function runAsWorker(config: ServiceConfig, read: () => Promise<ServiceConfig>, json: boolean): Promise<void> {
  const metrics = new CollateralMetrics();
  const hangups = new Hangups();
  const signal = abortOnSignal(hangups.hear);
  const service = await startCollateralService(config, { log: (message) => tellEvent(message, json), metrics });
  hangups.heed(() => void service.reload(read));
  const say = (message: WorkerMessage): void => void process.send?.(message);
  say({ url: service.url });
  const counting = setInterval(() => say({ counts: metrics.take() }), COUNTS_MS);
  await closeOnAbort(service, signal);
  clearInterval(counting);
  say({ counts: metrics.take() });
}

/** Starts the processes, starts one again that ends by itself, and hands signals on. */
async function superviseWorkers(config: ServiceConfig, json: boolean): Promise<void> {
  const { workers: count } = config;
  const signal = abortOnSignal(() => forEachWorker((worker) => worker.process.kill("SIGHUP")));
  const metrics = new CollateralMetrics();
  const readyWorkers = new Set<number>();
  const monitoring = await startServiceMonitoring(config, {
    metrics,
    isReady: () => !signal.aborted && readyWorkers.size >= count,
    now: () => new Date(),
    onFault: (error) => tellEvent(`monitoring: ${error instanceof Error ? error.message : String(error)}`, json),
  });
  let wasReady = false;
  cluster.on("message", (worker, message: WorkerMessage) => {
    if ("counts" in message) {
      metrics.give(message.counts);
      return;
    }
    readyWorkers.add(worker.id);
    if (!wasReady && readyWorkers.size === count) {
      wasReady = true;
      tellReady(message.url, monitoring?.url, json);
    }
  });
  await supervise({ count, signal, json, wasReady: () => wasReady, onEnd: (id) => readyWorkers.delete(id) });
  await monitoring?.close();
}

interface Supervision {
  readonly count: number;
  readonly signal: AbortSignal;
  readonly json: boolean;
  /** Whether all workers were ready once. */
  readonly wasReady: () => boolean;
  readonly onEnd: (id: number) => void;
}

async function supervise({ count, signal, json, wasReady, onEnd }: Supervision): Promise<void> {
  let failed = false;
  const ended = new Promise<void>((resolve) => {
    cluster.on("exit", (worker, code) => {
      onEnd(worker.id);
      if (!signal.aborted && !failed && wasReady()) {
        tellEvent(`worker ${worker.id} ended by itself; another one takes its place`, json);
        setTimeout(() => signal.aborted || cluster.fork(), RESTART_MS);
        return;
      }
      if (!signal.aborted && !failed) {
        failed = true;
        process.exitCode = code || EXIT.internal; // the configuration cannot be used: the first worker that ended said why
        stopAll();
      }
      if (Object.keys(cluster.workers ?? {}).length === 0) {
        resolve();
      }
    });
  });
  for (let index = 0; index < count; index++) {
    cluster.fork();
  }
  signal.addEventListener("abort", stopAll, { once: true });
  await ended;
}

function stopAll(): void {
  forEachWorker((worker) => worker.process.kill("SIGTERM"));
}

function forEachWorker(act: (worker: Worker) => void): void {
  for (const worker of Object.values(cluster.workers ?? {})) {
    if (worker !== undefined) {
      act(worker);
    }
  }
}

function tellReady(url: string, monitoringUrl: string | undefined, json: boolean): void {
  if (json) {
    printJson({ event: "ready", url, ...(monitoringUrl === undefined ? {} : { monitoringUrl }) });
  } else {
    const beside = monitoringUrl === undefined ? "" : `, monitoring at ${monitoringUrl}`;
    tell(`collateral service ready at ${url}${beside}`);
  }
}

function tellEvent(message: string, json: boolean): void {
  if (json) {
    printJson({ event: "log", message });
  } else {
    tell(message.includes("NOT SECURE") ? paint("yellow", message) : message);
  }
}
