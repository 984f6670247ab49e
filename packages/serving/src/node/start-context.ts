import type { LeaseClock } from "../lease/clock.ts";
import type { ModelStore } from "../life/model-store.ts";
import type { Log } from "../log.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import type { ServerOptions } from "../options/server-options.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import type { Closers } from "./closers.ts";
import type { NodeReadiness } from "./readiness.ts";
import type { StepRunner } from "./step.ts";
import type { LoadVersion } from "./version-loader.ts";

/** What all steps of a start share. */
export interface StartContext {
  readonly options: ServerOptions;
  /** Cancels the start. */
  readonly signal: AbortSignal | undefined;
  readonly steps: StepRunner;
  /** What is open so far. */
  readonly closers: Closers;
  readonly readiness: NodeReadiness;
  readonly store: ModelStore;
  readonly load: LoadVersion;
  readonly metrics: ServerMetrics;
  /** What requests and answers take, of all ports and engines. */
  readonly budget: MemoryBudget;
  readonly log: Log;
  readonly clock: LeaseClock;
}
