import type { AspiredVersion } from "../../src/life/aspired-version.ts";
import { ConfiguredModels } from "../../src/life/configured-models.ts";
import type { ConfiguredModel } from "../../src/life/model-config.ts";
import type { ModelStore } from "../../src/life/model-store.ts";
import { storeOf } from "./store.ts";

/** Versions by model name, as they lie on a disk. */
export type Offer = ReadonlyMap<string, readonly AspiredVersion[]>;

export interface ListedModels {
  readonly store: ModelStore;
  readonly models: ConfiguredModels;
  /** Names of the models that the source looks for. */
  readonly sought: () => readonly string[];
}

/**
 * A store with a configuration whose source finds versions at once.
 * @param looked awaited by each look of the source before it says that it is done
 */
export function listedModels(
  offer: Offer,
  allowLabelsForUnavailable = false,
  looked: () => Promise<void> = () => Promise.resolve(),
): ListedModels {
  const store = storeOf({ maxRetries: 0 });
  let sought: readonly string[] = [];
  const source = {
    setModels: async (listed: readonly ConfiguredModel[]): Promise<void> => {
      const gone = sought.filter((name) => !listed.some((model) => model.name === name));
      sought = listed.map(({ name }) => name);
      for (const name of gone) {
        store.aspire(name, []);
      }
      for (const name of sought) {
        store.aspire(name, offer.get(name) ?? []);
      }
      await looked();
    },
  };
  const models = new ConfiguredModels({ store, source, allowLabelsForUnavailable });
  return { store, models, sought: () => sought };
}

/** A model of a configuration. */
export function configured(name: string, labels: Readonly<Record<string, bigint>> = {}): ConfiguredModel {
  return {
    name,
    platform: "tensorflow",
    basePath: `/models/${name}`,
    policy: { kind: "all" },
    labels: new Map(Object.entries(labels)),
  };
}
