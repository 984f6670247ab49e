import type { Platform } from "@sealserve/platform";
import { type LeaseClock, monotonicClock } from "../lease/clock.ts";
import { ModelStore } from "../life/model-store.ts";
import { type Log, withoutThrowing } from "../log.ts";
import { ServerMetrics } from "../metrics/server-metrics.ts";
import type { ServerOptions } from "../options/server-options.ts";
import { MemoryBudget } from "../transport/memory-budget.ts";
import { Closers } from "./closers.ts";
import { type Fronts, openFronts } from "./open-fronts.ts";
import { servePlainModels } from "./plain-models.ts";
import { NodeReadiness, type Readiness } from "./readiness.ts";
import { reread } from "./reread.ts";
import { serveSealedModel } from "./sealed-model.ts";
import type { SealedFacts, ServedModels } from "./served-models.ts";
import type { StartContext } from "./start-context.ts";
import { type OnStep, StepRunner } from "./step.ts";
import { wipeKey } from "./tls-key.ts";
import { versionLoader } from "./version-loader.ts";

/** Most time that closing one thing may take, in drain times: the ports use up one by themselves. */
const CLOSE_LIMIT_DRAINS = 2;

/** What a start needs beside the options. */
export interface StartOptions {
  /** Cancels the start between two steps, and while models load. */
  readonly signal?: AbortSignal;
  readonly onStep?: OnStep;
  readonly log?: Log;
  /** A platform that is open already; its caller closes it. Otherwise the options of a sealed node name one. */
  readonly platform?: Platform;
  /** By which the lease of a sealed package is kept; the system's that nobody sets by default. */
  readonly clock?: LeaseClock;
}

/** A node that serves. */
export interface RunningNode {
  /** Where gRPC is answered first: `HOST:PORT` with the true port, or `unix:PATH`. */
  readonly grpcAddress: string;
  /** `HOST:PORT` with the true port; empty when REST is off. */
  readonly restAddress: string;
  /** `HOST:PORT` with the true port; empty when there is no port for health and metrics alone. */
  readonly adminAddress: string;
  readonly models: readonly string[];
  /** Undefined for models from plain folders. */
  readonly sealed: SealedFacts | undefined;
  readonly readiness: Readiness;
  /** Reads again the files that say which models are served, and the TLS material. What is unusable is logged and changes nothing. */
  reread(): Promise<void>;
  /** Lets requests in flight end for a bounded time, closes the ports and ends the engines. */
  close(): Promise<void>;
}

/**
 * Starts a serving node: with sealed models it opens the platform, has the key released, verifies the package and decrypts it in
 * memory; then it loads the models, and only when all of them serve it opens the ports. When a step fails, everything opened
 * before is closed and the error is thrown.
 *
 * @throws the error of the failed step
 */
export async function startNode(options: ServerOptions, start: StartOptions = {}): Promise<RunningNode> {
  const context = await createContext(options, start);
  try {
    const { models } = options;
    const served =
      models.kind === "sealed"
        ? await serveSealedModel(context, models, start.platform)
        : await servePlainModels(context, models);
    const fronts = await openPorts(context, served);
    served.keepTls(fronts);
    if (served.isServing()) {
      context.readiness.enter("ready");
    }
    return runningNode(context, served, fronts);
  } catch (error) {
    await context.closers.closeAll().catch(() => undefined);
    throw error;
  }
}

async function createContext(options: ServerOptions, start: StartOptions): Promise<StartContext> {
  const { signal, onStep, clock = monotonicClock } = start;
  const log = withoutThrowing(start.log ?? (() => undefined));
  const closers = new Closers(CLOSE_LIMIT_DRAINS * options.limits.drainTimeoutMs);
  const store = closers.add(new ModelStore(options.loading));
  const metrics = new ServerMetrics(store);
  const budget = new MemoryBudget(options.limits.maxBytesInFlight);
  const load = await versionLoader(options, metrics, { budget, log });
  const steps = new StepRunner({ signal, onStep, log });
  return { options, signal, steps, closers, readiness: new NodeReadiness(), store, load, metrics, budget, log, clock };
}

async function openPorts(context: StartContext, served: ServedModels): Promise<Fronts> {
  try {
    return await context.steps.run(
      "ports open",
      () => openFronts(context, served),
      ({ grpcAddresses, restAddress }) =>
        [`gRPC ${grpcAddresses.join(", ")}`, restAddress && `REST ${restAddress}`].filter(Boolean).join(", "),
    );
  } finally {
    wipeKey(served.tls);
  }
}

function runningNode(context: StartContext, served: ServedModels, fronts: Fronts): RunningNode {
  const { store, readiness, closers, log } = context;
  return {
    grpcAddress: fronts.grpcAddresses[0] ?? "",
    restAddress: fronts.restAddress ?? "",
    adminAddress: fronts.adminAddress ?? "",
    models: store.names(),
    sealed: served.sealed?.facts,
    readiness,
    reread: () => reread(served, fronts, log),
    close: async () => {
      readiness.enter("draining");
      await closers.closeAll();
    },
  };
}
