import { isDeepStrictEqual } from "node:util";
import { invalidArgument, ServingError } from "@sealserve/protocol";
import { awaitLabels, checkLabels, type LabelRules } from "./label-rules.ts";
import type { ConfiguredModel } from "./model-config.ts";
import type { ModelStore } from "./model-store.ts";

/** What looks for the versions of models and names them to the store. */
export interface ModelSource {
  /**
   * The models to look for from now on. Those that are no longer listed lose all versions. The promise ends, without failing,
   * when each of the models has been looked for once.
   */
  setModels(models: readonly ConfiguredModel[]): Promise<void>;
}

/** Parts of {@link ConfiguredModels}. */
export interface ConfiguredModelsOptions {
  readonly store: ModelStore;
  readonly source: ModelSource;
  /** Whether a label that is new may name a version that does not serve yet. */
  readonly allowLabelsForUnavailable: boolean;
}

/** Platforms that a model may name. Which one it is, its files say. */
const PLATFORMS = ["tensorflow", "onnx"];

/** Loads the models that a change adds. */
type Load = (added: readonly ConfiguredModel[], looked: Promise<void>) => Promise<void>;

/**
 * The models of a server's configuration, and the way from one configuration to the next: new models are loaded first, and
 * only when all of them serve do others go. What fails leaves everything as it was. Where a reload can do nothing but wait
 * for versions to appear, as for a base path that does not exist, the next one takes its place: TensorFlow Serving would keep
 * all later ones waiting.
 */
export class ConfiguredModels {
  readonly #store: ModelStore;
  readonly #source: ModelSource;
  readonly #rules: LabelRules;
  #current: readonly ConfiguredModel[] = [];
  /** The change under way: the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();
  /** Fires when another change is asked for behind the last one. */
  #followed = new AbortController();

  constructor({ store, source, allowLabelsForUnavailable }: ConfiguredModelsOptions) {
    this.#store = store;
    this.#source = source;
    this.#rules = { store, allowUnavailable: allowLabelsForUnavailable };
  }

  /**
   * The first configuration: waits until every model serves, and every labelled version.
   * @throws ServingError with TensorFlow Serving's messages
   */
  async start(models: readonly ConfiguredModel[], signal?: AbortSignal): Promise<void> {
    const load: Load = (added) => this.#store.awaitAvailable(namesOf(added), "servable", signal);
    await this.#inTurn(async () => {
      await this.#change(models, load, signal);
      // Also for no models at all: those of the next configuration load beside calls.
      await this.#store.ready(namesOf(models), signal);
    });
  }

  /**
   * Another configuration, which is the whole new truth. Returns when its new models serve.
   * @throws ServingError with TensorFlow Serving's messages; `ABORTED` when it waits for versions and another one follows
   */
  async reload(models: readonly ConfiguredModel[], signal?: AbortSignal): Promise<void> {
    await this.#inTurn((followed) => {
      const load: Load = (added, looked) =>
        this.#store.awaitAvailable(namesOf(added), "model", signal, firedAfter(looked, followed));
      return this.#change(models, load, signal);
    });
  }

  async #change(models: readonly ConfiguredModel[], load: Load, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (isDeepStrictEqual(models, this.#current)) {
      return;
    }
    const before = new Map(this.#current.map((model) => [model.name, model]));
    refuseOtherPlatforms(models, before);
    refuseUnknownPlatforms(models);
    const added = models.filter(({ name }) => !before.has(name));
    checkLabels(
      models.filter(({ name }) => before.has(name)),
      this.#rules,
    );
    const looked = this.#source.setModels([...this.#current, ...added]);
    try {
      await load(added, looked);
      await awaitLabels(added, this.#rules, signal);
    } catch (error) {
      void this.#source.setModels(this.#current);
      throw error;
    }
    this.#current = models;
    void this.#source.setModels(models);
    this.#store.labels = new Map(models.map(({ name, labels }) => [name, labels]));
  }

  /** Runs one change after the other. Each is given a signal that fires when another one follows. */
  async #inTurn(change: (followed: AbortSignal) => Promise<void>): Promise<void> {
    this.#followed.abort();
    this.#followed = new AbortController();
    const { signal } = this.#followed;
    const turn = this.#turn.then(() => change(signal));
    this.#turn = turn.catch(() => undefined);
    await turn;
  }
}

/** Fires when the signal does, but not before the promise has ended. */
function firedAfter(promise: Promise<void>, signal: AbortSignal): AbortSignal {
  const fired = new AbortController();
  const fire = (): void => void promise.then(() => fired.abort());
  if (signal.aborted) {
    fire();
  } else {
    signal.addEventListener("abort", fire, { once: true });
  }
  return fired.signal;
}

function namesOf(models: readonly ConfiguredModel[]): string[] {
  return models.map(({ name }) => name);
}

function refuseOtherPlatforms(models: readonly ConfiguredModel[], before: ReadonlyMap<string, ConfiguredModel>): void {
  for (const { name, platform } of models) {
    const old = before.get(name)?.platform ?? platform;
    if (old !== platform) {
      const change = `For model ${name} platform was ${old} and new platform requested is ${platform}`;
      throw invalidArgument(`Illegal to change a model's platform. ${change}`);
    }
  }
}

function refuseUnknownPlatforms(models: readonly ConfiguredModel[]): void {
  const unknown = models.find(({ platform }) => !PLATFORMS.includes(platform));
  if (unknown !== undefined) {
    throw new ServingError("FAILED_PRECONDITION", `PlatformConfigMap has no entry for platform ${unknown.platform}`);
  }
}
