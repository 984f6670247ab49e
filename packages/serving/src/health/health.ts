import type { Servables } from "../core/servables.ts";
import type { Readiness } from "../node/readiness.ts";

/** Models whose changes can be waited for. */
export interface ChangingModels extends Servables {
  /** Waits until `check` gives a value; it is asked now and after every change. @throws the signal's reason */
  until<T>(check: () => T | undefined, signal?: AbortSignal): Promise<T>;
}

/** Tells whether a server answers calls: it has started, does not stop, and each of its models has a version that serves. */
export class Health {
  readonly #readiness: Readiness;
  readonly #models: ChangingModels;

  constructor(readiness: Readiness, models: ChangingModels) {
    this.#readiness = readiness;
    this.#models = models;
  }

  get ready(): boolean {
    return this.#readiness.state === "ready" && this.#models.names().every((name) => this.#serves(name));
  }

  /** Waits until {@link ready} is no longer `known`. @throws the signal's reason */
  async changed(known: boolean, signal: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    const nodeChanged = Promise.withResolvers<boolean>();
    const isNews = (): true | undefined => (this.ready === known ? undefined : true);
    const unwatch = this.#readiness.watch(() => {
      if (isNews()) {
        nodeChanged.resolve(true);
      }
    });
    const modelsChanged = this.#models.until(isNews, AbortSignal.any([signal, over.signal]));
    try {
      await Promise.race([nodeChanged.promise, modelsChanged]);
      return !known;
    } finally {
      unwatch();
      over.abort();
      await modelsChanged.catch(() => undefined);
    }
  }

  /** Whether a model has a version that serves. One that only unloads needs none; one of which nothing else is known does. */
  #serves(name: string): boolean {
    const versions = this.#models.versions(name);
    const isUnloading = versions.every(
      ({ state, error }) => state === "UNLOADING" || (state === "END" && error === undefined),
    );
    return versions.length > 0 && (isUnloading || versions.some(({ state }) => state === "AVAILABLE"));
  }
}
