import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { stuckThreads } from "@sealserve/models";
import { type ModelSpec, ServingError } from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";
import type { Servable, Servables, VersionStatus } from "../core/servables.ts";
import type { LoadingOptions } from "../options/server-options.ts";
import type { AspiredVersion } from "./aspired-version.ts";
import { ChangeSignal } from "./change-signal.ts";
import { LoadQueue } from "./load-queue.ts";
import { type HeldServable, ModelVersions } from "./model-versions.ts";
import { checkAvailable, type ModelProgress, progressOf, standingOf } from "./progress.ts";
import type { LoadRules } from "./version-life.ts";

/** How many models that are gone the status remembers: the last ones. */
export const MAX_GONE_MODELS = 100;
/** Loads at a time until the server is ready, for each processor. */
const FIRST_LOADS_PER_PROCESSOR = 4;

/** Labels of versions: model name -> label -> version. */
export type VersionLabels = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

/** All models of a server, in all their versions, with what their sources want of them. */
export class ModelStore implements Servables {
  readonly #loadsAtATime: number;
  readonly #rules: LoadRules;
  readonly #models = new Map<string, ModelVersions>();
  readonly #changes = new ChangeSignal();
  /** The labels that requests can use. A label may name a version that is not loaded. */
  labels: VersionLabels = new Map();

  /**
   * @param delay waits between two tries of a load; rejects when the signal fires
   * @param now milliseconds that go on steadily
   * @param stuck threads of the process that do not come back from their engines
   */
  constructor(
    { maxRetries, retryIntervalMs, threads }: Pick<LoadingOptions, "maxRetries" | "retryIntervalMs" | "threads">,
    delay: LoadRules["delay"] = (ms, signal) => sleep(ms, undefined, { signal }),
    now: LoadRules["now"] = () => performance.now(),
    stuck: LoadRules["stuckThreads"] = stuckThreads,
  ) {
    this.#loadsAtATime = Math.max(1, threads);
    const firstLoads = Math.max(this.#loadsAtATime, FIRST_LOADS_PER_PROCESSOR * availableParallelism());
    this.#rules = { maxRetries, retryIntervalMs, queue: new LoadQueue(firstLoads), delay, now, stuckThreads: stuck };
  }

  find(spec: ModelSpec): Servable {
    return this.#hold(spec).servable;
  }

  use<T>(spec: ModelSpec, work: (servable: Servable) => Awaitable<T>): Awaitable<T> {
    const { life, servable } = this.#hold(spec);
    return life.use(servable, work);
  }

  versions(name: string): readonly VersionStatus[] {
    return this.#models.get(name)?.statuses() ?? [];
  }

  names(): readonly string[] {
    return [...this.#models].flatMap(([name, { live }]) => (live ? [name] : [])).sort();
  }

  /** Says which versions of a model are wanted from now on; none unloads it. Loading and unloading follow. */
  aspire(model: string, versions: readonly AspiredVersion[]): void {
    const known = this.#models.get(model);
    if (known === undefined && versions.length === 0) {
      return;
    }
    const lives = known ?? new ModelVersions(model, this.#rules, () => this.#changes.notify());
    this.#models.set(model, lives);
    lives.aspire(versions);
    this.#forget();
  }

  /** The versions of a model that its source wants, newest first. */
  wanted(model: string): readonly VersionStatus[] {
    return this.#models.get(model)?.wanted() ?? [];
  }

  /** How far a model is from being served. */
  progress(model: string): ModelProgress {
    return progressOf(this.wanted(model));
  }

  /** Waits until `check` gives a value; it is asked now and after every change. @throws the signal's reason */
  async until<T>(check: () => T | undefined, signal?: AbortSignal): Promise<T> {
    return await this.#changes.until(check, signal);
  }

  /**
   * Waits until each of the models has a version that serves. A model whose source has found no version is waited for.
   *
   * @param noun what the message calls them
   * @param giveWay once it has fired, a model without versions is no longer waited for
   * @throws ServingError `UNKNOWN` `N servable(s) did not become available: {{name: M version: V} due to error: ...}, }`
   * @throws ServingError `ABORTED` when way was given
   */
  async awaitAvailable(
    models: readonly string[],
    noun: "servable" | "model",
    signal?: AbortSignal,
    giveWay?: AbortSignal,
  ): Promise<void> {
    const recheck = (): void => this.#changes.notify();
    giveWay?.addEventListener("abort", recheck);
    const waiting = this.until(() => {
      const progress = models.map((name) => ({ name, ...this.progress(name) }));
      const standing = standingOf(progress);
      return standing === "loading" || (standing === "unknown" && giveWay?.aborted !== true) ? undefined : progress;
    }, signal);
    checkAvailable(await waiting.finally(() => giveWay?.removeEventListener("abort", recheck)), noun);
  }

  /** The first wait of a server: from then on loads no longer take all processors. @throws as {@link awaitAvailable} */
  async ready(models: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.awaitAvailable(models, "servable", signal);
    this.#rules.queue.setLimit(this.#loadsAtATime);
  }

  /** Unloads everything once the calls that run are done. */
  async close(): Promise<void> {
    for (const lives of this.#models.values()) {
      lives.aspire([]);
    }
    await this.until(() => (this.names().length === 0 ? true : undefined));
  }

  #hold({ name, version, versionLabel }: ModelSpec): HeldServable {
    if (name === "") {
      throw new ServingError("INVALID_ARGUMENT", "ModelSpec has no name specified.");
    }
    const number = versionLabel === undefined ? version : this.#labelled(name, versionLabel);
    const found = this.#models.get(name)?.find(number);
    if (found === undefined) {
      const asked = number === undefined ? `Latest(${name})` : `Specific(${name}, ${number})`;
      throw new ServingError("NOT_FOUND", `Servable not found for request: ${asked}`);
    }
    return found;
  }

  #labelled(name: string, label: string): bigint {
    const version = this.labels.get(name)?.get(label);
    if (version === undefined) {
      throw new ServingError("INVALID_ARGUMENT", `Unrecognized servable version label: ${label}`);
    }
    return version;
  }

  #forget(): void {
    const gone = [...this.#models].flatMap(([name, { live }]) => (live ? [] : [name]));
    for (const name of gone.slice(0, -MAX_GONE_MODELS)) {
      this.#models.delete(name);
    }
  }
}
