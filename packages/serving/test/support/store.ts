import { ModelStore } from "../../src/life/model-store.ts";

type Parameters = ConstructorParameters<typeof ModelStore>;

/** An empty store, with TensorFlow Serving's defaults for what is not given. */
export function storeOf(
  loading: Partial<Parameters[0]> = {},
  delay?: Parameters[1],
  now?: Parameters[2],
  stuck?: Parameters[3],
): ModelStore {
  return new ModelStore({ maxRetries: 5, retryIntervalMs: 60_000, threads: 0, ...loading }, delay, now, stuck);
}
