import { ServingError } from "@sealserve/protocol";
import type { ConfiguredModel } from "./model-config.ts";
import type { ModelStore } from "./model-store.ts";

/** What decides whether a label may be given. */
export interface LabelRules {
  readonly store: ModelStore;
  /** Whether a label that is new may name a version that does not serve yet. */
  readonly allowUnavailable: boolean;
}

/** The labels of models whose versions must serve. */
function* boundLabels(models: readonly ConfiguredModel[], { store, allowUnavailable }: LabelRules) {
  for (const { name, labels } of models) {
    for (const [label, version] of labels) {
      const assigned = store.labels.get(name)?.get(label) ?? version;
      if (!allowUnavailable || assigned !== version) {
        yield { name, version };
      }
    }
  }
}

function stateOf(store: ModelStore, name: string, version: bigint): string | undefined {
  return store.versions(name).find((known) => known.version === version)?.state;
}

/**
 * Checks that the labels name versions that serve now.
 * @throws ServingError `FAILED_PRECONDITION` with TensorFlow Serving's message
 */
export function checkLabels(models: readonly ConfiguredModel[], rules: LabelRules): void {
  for (const { name, version } of boundLabels(models, rules)) {
    if (stateOf(rules.store, name, version) !== "AVAILABLE") {
      const what = `Request to assign label to version ${version} of model ${name}`;
      throw new ServingError("FAILED_PRECONDITION", `${what}, which is not currently available for inference`);
    }
  }
}

/** Waits until the labelled versions of models that have just been added serve. @throws as {@link checkLabels} */
export async function awaitLabels(
  models: readonly ConfiguredModel[],
  rules: LabelRules,
  signal?: AbortSignal,
): Promise<void> {
  await rules.store.until(() => {
    const states = Array.from(boundLabels(models, rules), ({ name, version }) => stateOf(rules.store, name, version));
    return states.some((state) => state === "START" || state === "LOADING") ? undefined : true;
  }, signal);
  checkLabels(models, rules);
}
