import { isDeepStrictEqual } from "node:util";
import { invalidArgument } from "@sealserve/protocol";
import { awaitLabels, checkLabels, type LabelRules } from "./label-rules.ts";
import type { ConfiguredModel } from "./model-config.ts";
import type { ModelStore } from "./model-store.ts";

/** What looks for the versions of models and names them to the store. */
export interface ModelSource {
  /** The models to look for from now on. Those that are no longer listed lose all versions. */
  setModels(models: readonly ConfiguredModel[]): void;
}

/** Parts of {@link ConfiguredModels}. */
export interface ConfiguredModelsOptions {
  readonly store: ModelStore;
  readonly source: ModelSource;
  /** Whether a label that is new may name a version that does not serve yet. */
  readonly allowLabelsForUnavailable: boolean;
}

/**
 * The models of a server's configuration, and the way from one configuration to the next: new models are loaded first, and
 * only when all of them serve do others go. What fails leaves everything as it was.
 */
export class ConfiguredModels {
  readonly #store: ModelStore;
  readonly #source: ModelSource;
  readonly #rules: LabelRules;
  #current: readonly ConfiguredModel[] = [];
  /** The change under way: the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();

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
    await this.#inTurn(() =>
      this.#change(models, async (added) => await this.#store.ready(namesOf(added), signal), signal),
    );
  }

  /**
   * Another configuration, which is the whole new truth. Returns when its new models serve.
   * @throws ServingError with TensorFlow Serving's messages
   */
  async reload(models: readonly ConfiguredModel[], signal?: AbortSignal): Promise<void> {
    const load = (added: readonly ConfiguredModel[]): Promise<void> =>
      this.#store.awaitAvailable(namesOf(added), "model", signal);
    await this.#inTurn(() => this.#change(models, load, signal));
  }

  async #change(
    models: readonly ConfiguredModel[],
    load: (added: readonly ConfiguredModel[]) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    signal?.throwIfAborted();
    if (isDeepStrictEqual(models, this.#current)) {
      return;
    }
    const before = new Map(this.#current.map((model) => [model.name, model]));
    refuseOtherPlatforms(models, before);
    const added = models.filter(({ name }) => !before.has(name));
    checkLabels(
      models.filter(({ name }) => before.has(name)),
      this.#rules,
    );
    this.#source.setModels([...this.#current, ...added]);
    try {
      await load(added);
      await awaitLabels(added, this.#rules, signal);
    } catch (error) {
      this.#source.setModels(this.#current);
      throw error;
    }
    this.#current = models;
    this.#source.setModels(models);
    this.#store.labels = new Map(models.map(({ name, labels }) => [name, labels]));
  }

  /** Runs one change after the other. */
  async #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }
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
