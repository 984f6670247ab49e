import { type LoadedModel, ModelError } from "@sealserve/models";
import { type Awaitable, endWith } from "../core/awaitable.ts";
import type { Servable, VersionStatus } from "../core/servables.ts";
import type { AspiredVersion } from "./aspired-version.ts";
import { describeLoadError, type LifeError } from "./load-error.ts";
import type { LoadQueue } from "./load-queue.ts";

/** An engine that has served for so long, milliseconds, is loaded again as if it had never ended. */
export const STEADY_MS = 10 * 60_000;
/** Pause before the second time that an engine which does not last is loaded again, milliseconds; then twice as much each time. */
const FIRST_PAUSE_MS = 1000;

/**
 * With so many threads of the process in engines that do not come back, each with its memory and mostly with a processor, a version that
 * has left one is not loaded again: the next would be stuck too.
 */
export const MAX_STUCK_THREADS = 4;

const NOT_AGAIN = `As many as ${MAX_STUCK_THREADS} threads are stuck, so that it is not loaded again: correct the model and restart the server`;

/** How loads are run and repeated. */
export interface LoadRules {
  /** How often a failed load is tried again; a version whose engine ends before {@link STEADY_MS} is loaded again as often. */
  readonly maxRetries: number;
  /** Between two attempts, milliseconds; the most between two engines that do not last. */
  readonly retryIntervalMs: number;
  readonly queue: LoadQueue;
  /** Threads of the process that do not come back from their engines. */
  readonly stuckThreads: () => number;
  /** Waits; rejects when the signal fires. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds that go on steadily. */
  readonly now: () => number;
}

/** What {@link VersionLife} tells of itself. */
export type LifeListener = (life: VersionLife) => void;

/** One version of a model from START to END. */
export class VersionLife {
  readonly version: bigint;
  /** Whether the source still names it. */
  wanted = true;
  /** Whether a load has been asked for. */
  queued = false;
  readonly #name: string;
  readonly #rules: LoadRules;
  readonly #changed: LifeListener;
  readonly #stop = new AbortController();
  #source: AspiredVersion | undefined;
  #state: VersionStatus["state"] = "START";
  #error: LifeError | undefined;
  /** Kept while a version whose engine has ended is loaded again: its calls learn from it that the engine is gone. */
  #servable: Servable | undefined;
  /** How often it was loaded again because its engine ended, since one was steady. */
  #revivals = 0;
  #availableSince = 0;
  #uses = 0;
  #unused: (() => void) | undefined;

  constructor(name: string, source: AspiredVersion, rules: LoadRules, changed: LifeListener) {
    this.version = source.version;
    this.#name = name;
    this.#source = source;
    this.#rules = rules;
    this.#changed = changed;
  }

  get state(): VersionStatus["state"] {
    return this.#state;
  }

  /** Why the version is at its END, if it failed. */
  get error(): LifeError | undefined {
    return this.#state === "END" ? this.#error : undefined;
  }

  /** What calls run on, if there is anything. */
  get servable(): Servable | undefined {
    return this.#servable;
  }

  /** Takes the newest offer of the same version, for the next time it is loaded. */
  renew(source: AspiredVersion): void {
    if (this.#state !== "END") {
      this.#source = source;
    }
  }

  /**
   * Loads the version, with retries, until it is AVAILABLE or at its END.
   * @param pauseMs before the first try, milliseconds
   */
  async load(pauseMs = 0): Promise<void> {
    const { signal } = this.#stop;
    this.queued = true;
    try {
      if (pauseMs > 0) {
        await this.#rules.delay(pauseMs, signal);
      }
      const model = await this.#loadWithRetries(signal);
      if (signal.aborted) {
        await model.close();
      }
      signal.throwIfAborted();
      this.#servable = { name: this.#name, version: this.version, model, seal: this.#source?.seal };
      this.#error = undefined;
      this.#availableSince = this.#rules.now();
      this.#enter("AVAILABLE");
    } catch (error) {
      if (!signal.aborted) {
        this.#error = this.#describe(error);
      }
      this.#end();
    }
  }

  /** Gives up a version that does not serve: one under way stops loading, one that waits never begins. */
  abandon(): void {
    this.#stop.abort();
    if (!this.queued) {
      this.#end();
    }
  }

  /** Takes no more calls, waits for those that run, and ends the engine. */
  async unload(): Promise<void> {
    const model = this.#servable?.model;
    this.#servable = undefined;
    this.#enter("UNLOADING");
    if (this.#uses > 0) {
      await new Promise<void>((resolve) => {
        this.#unused = resolve;
      });
    }
    await close(model);
    this.#end();
  }

  /** Runs `work` on the version, which stays loaded until `work` is done. */
  use<T>(servable: Servable, work: (servable: Servable) => Awaitable<T>): Awaitable<T> {
    this.#uses++;
    return endWith(
      () => work(servable),
      () => this.#endUse(),
    );
  }

  #endUse(): void {
    this.#uses--;
    if (this.#uses === 0) {
      this.#unused?.();
    }
    this.checkEngine();
  }

  /** A version whose engine has ended is loaded again, as a failed load is, or is at its END. */
  checkEngine(): void {
    const failure = this.#servable?.model.failure;
    if (failure === undefined || this.#state !== "AVAILABLE") {
      return;
    }
    this.#error = this.#describe(failure);
    if (this.#rules.now() - this.#availableSince >= STEADY_MS) {
      this.#revivals = 0;
    }
    if (!this.wanted || this.#revivals >= this.#rules.maxRetries || this.#isHopeless(failure)) {
      void close(this.#servable?.model);
      this.#end();
      return;
    }
    void this.#revive(this.#servable?.model);
  }

  /** The first time at once, since whoever calls waits; then less and less often. */
  async #revive(dead: LoadedModel | undefined): Promise<void> {
    const pauseMs = this.#revivals === 0 ? 0 : FIRST_PAUSE_MS * 2 ** (this.#revivals - 1);
    this.#revivals++;
    this.#enter("LOADING");
    await close(dead);
    await this.load(Math.min(pauseMs, this.#rules.retryIntervalMs));
  }

  async #loadWithRetries(signal: AbortSignal): Promise<LoadedModel> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.#rules.queue.run(() => this.#attempt(signal), signal);
      } catch (error) {
        if (signal.aborted || retries >= this.#rules.maxRetries || this.#isHopeless(error)) {
          throw error;
        }
        this.#error = this.#describe(error);
      }
      await this.#rules.delay(this.#rules.retryIntervalMs, signal);
    }
  }

  #isHopeless(error: unknown): boolean {
    return isStuck(error) && this.#rules.stuckThreads() >= MAX_STUCK_THREADS;
  }

  #describe(error: unknown): LifeError {
    const { code, message } = describeLoadError(error);
    return this.#isHopeless(error) ? { code, message: `${message}. ${NOT_AGAIN}` } : { code, message };
  }

  async #attempt(signal: AbortSignal): Promise<LoadedModel> {
    if (this.#state !== "LOADING") {
      this.#enter("LOADING");
    }
    if (this.#source === undefined) {
      throw new Error("a version that has ended is not loaded");
    }
    return await this.#source.load(signal);
  }

  #end(): void {
    this.#servable = undefined;
    this.#source = undefined;
    this.#enter("END");
  }

  #enter(state: VersionStatus["state"]): void {
    this.#state = state;
    this.#changed(this);
  }
}

function isStuck(error: unknown): boolean {
  return error instanceof ModelError && error.code === "engine-stuck";
}

/** An engine that cannot even be closed is gone all the same. */
async function close(model: LoadedModel | undefined): Promise<void> {
  await model?.close().catch(() => undefined);
}
