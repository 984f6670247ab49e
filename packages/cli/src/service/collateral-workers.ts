import cluster, { type Worker } from "node:cluster";
import { prepareCollateralService, type ServiceConfig, startCollateralService } from "@sealserve/collateral-service";
import { EXIT } from "../exit-codes.ts";
import { paint, printJson, surviveLostOutput, tell } from "../output/terminal.ts";
import { Hangups } from "./hangups.ts";
import { abortOnSignal, closeOnAbort } from "./until-signal.ts";

/** Pause before a process that ended by itself is started again, milliseconds. */
const RESTART_MS = 1_000;

/** Runs the service in this process, or in as many as the configuration says, until a signal ends it. */
export async function runCollateralService(read: () => Promise<ServiceConfig>, json: boolean): Promise<void> {
  surviveLostOutput();
  const config = await read();
  if (cluster.isPrimary && config.workers > 1) {
    await prepareCollateralService(config);
    await superviseWorkers(config.workers, json);
    return;
  }
  try {
    await runInThisProcess(config, read, json);
  } finally {
    cluster.worker?.disconnect(); // the channel to the first process would keep a worker that failed alive
  }
}

async function runInThisProcess(
  config: ServiceConfig,
  read: () => Promise<ServiceConfig>,
  json: boolean,
): Promise<void> {
  const hangups = new Hangups();
  const signal = abortOnSignal(hangups.hear);
  const service = await startCollateralService(config, { log: (message) => tellEvent(message, json) });
  hangups.heed(() => void service.reload(read));
  if (cluster.isPrimary) {
    tellReady(service.url, json);
  } else {
    process.send?.({ url: service.url });
  }
  await closeOnAbort(service, signal);
}

/** Starts the processes, starts one again that ends by itself, and hands signals on. */
async function superviseWorkers(count: number, json: boolean): Promise<void> {
  const signal = abortOnSignal(() => forEachWorker((worker) => worker.process.kill("SIGHUP")));
  let ready = 0;
  cluster.on("message", (_worker, { url }: { url: string }) => {
    ready++;
    if (ready === count) {
      tellReady(url, json);
    }
  });
  let failed = false;
  const ended = new Promise<void>((resolve) => {
    cluster.on("exit", (worker, code) => {
      if (!signal.aborted && !failed && ready >= count) {
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

function tellReady(url: string, json: boolean): void {
  if (json) {
    printJson({ event: "ready", url });
  } else {
    tell(`collateral service ready at ${url}`);
  }
}

function tellEvent(message: string, json: boolean): void {
  if (json) {
    printJson({ event: "log", message });
  } else {
    tell(message.includes("NOT SECURE") ? paint("yellow", message) : message);
  }
}
