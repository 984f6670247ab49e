import { availableParallelism } from "node:os";
import type { LoadedModel } from "@sealserve/models";
import type { BatchingParameters } from "@sealserve/protocol";
import type { Servable } from "../core/servables.ts";
import { type BatchClock, systemClock } from "./batch-clock.ts";
import type { BatchObserver, BatchRun } from "./batch-observer.ts";
import { batchRulesOf, batchThreadsOf } from "./batch-parameters.ts";
import type { QueueRules } from "./batch-rules.ts";
import { BatchScheduler } from "./batch-scheduler.ts";
import { BatchTuner } from "./batch-tuner.ts";
import { BatchedModel, type Batching } from "./batched-model.ts";

/** Batches of a self-tuning model that run at a time: one computes while the next is ready at the engine. */
const TUNED_BATCHES_AT_A_TIME = 2;

/** How a server batches. */
export type BatchingSettings =
  | {
      readonly kind: "parameters";
      readonly parameters: BatchingParameters;
      /** Whether models bring parameters of their own; those above then give the threads alone. */
      readonly perModel: boolean;
    }
  /** What a request's wait and run may take together, milliseconds. */
  | { readonly kind: "auto"; readonly latencyBudgetMs: number };

/** Which version's batches. */
export type BatchedId = Pick<Servable, "name" | "version">;

/** The observer of a signature's batches, which go by `rules`. */
export type ObserverOf = (id: BatchedId, signatureName: string, rules: QueueRules) => BatchObserver;

/** Puts batching in front of the models of a server. */
export class ServerBatching {
  readonly #settings: BatchingSettings;
  readonly #observerOf: ObserverOf;
  readonly #clock: BatchClock;
  /** Shared by all models, as TensorFlow Serving shares its threads. */
  readonly #shared: BatchScheduler;

  /** @throws ServingError `INVALID_ARGUMENT` for parameters that contradict each other */
  constructor(settings: BatchingSettings, observerOf: ObserverOf, clock = systemClock) {
    this.#settings = settings;
    this.#observerOf = observerOf;
    this.#clock = clock;
    const threads = settings.kind === "auto" ? availableParallelism() : batchThreadsOf(settings.parameters).count;
    this.#shared = new BatchScheduler(threads, clock);
    if (settings.kind === "parameters" && !settings.perModel) {
      batchRulesOf(settings.parameters);
    }
  }

  /** Whether a model's own parameters count. */
  get isPerModel(): boolean {
    return this.#settings.kind === "parameters" && this.#settings.perModel;
  }

  /**
   * The model with batching. Where models bring their own parameters, one without is not batched.
   *
   * @param own the parameters that came with the model
   * @throws ServingError `INVALID_ARGUMENT` for parameters that contradict each other
   */
  decorate(model: LoadedModel, id: BatchedId, own: BatchingParameters | undefined): LoadedModel {
    if (this.#settings.kind === "auto") {
      return new BatchedModel(model, this.#tuned(id, this.#settings.latencyBudgetMs));
    }
    const parameters = this.#settings.perModel ? own : this.#settings.parameters;
    if (parameters === undefined) {
      return model;
    }
    const rules = batchRulesOf(parameters);
    const of = remember((signature: string) => ({ rules, observer: this.#observerOf(id, signature, rules) }));
    return new BatchedModel(model, { scheduler: this.#shared, of });
  }

  #tuned(id: BatchedId, latencyBudgetMs: number): Batching {
    const of = remember((signature: string) => {
      const tuner = new BatchTuner(latencyBudgetMs);
      return { rules: tuner, observer: both(tuner, this.#observerOf(id, signature, tuner)) };
    });
    return { scheduler: new BatchScheduler(TUNED_BATCHES_AT_A_TIME, this.#clock), of };
  }
}

/** Made once for each signature of a model. */
function remember<T>(make: (signatureName: string) => T): (signatureName: string) => T {
  const made = new Map<string, T>();
  return (signatureName) => {
    const known = made.get(signatureName) ?? make(signatureName);
    made.set(signatureName, known);
    return known;
  };
}

function both(first: BatchObserver, second: BatchObserver): BatchObserver {
  return {
    queued: (waitedMs: number, rows: number) => {
      first.queued(waitedMs, rows);
      second.queued(waitedMs, rows);
    },
    ran: (run: BatchRun) => {
      first.ran(run);
      second.ran(run);
    },
  };
}
