import type { AspiredVersion } from "../../src/life/aspired-version.ts";
import { type ModelDouble, modelDouble } from "./model-double.ts";

/** A version whose loads end as the test says. */
export interface VersionDouble extends AspiredVersion {
  /** Loads that have begun, the one under way last. */
  readonly attempts: readonly AbortSignal[];
  /** The models that were handed out. */
  readonly models: readonly ModelDouble[];
  /** Ends the load under way with a model. */
  succeed(): ModelDouble;
  /** Ends the load under way with an error. */
  fail(error: Error): void;
}

export function versionDouble(version: bigint): VersionDouble {
  const attempts: AbortSignal[] = [];
  const models: ModelDouble[] = [];
  let current = Promise.withResolvers<ModelDouble>();
  return {
    version,
    attempts,
    models,
    load: (signal) => {
      attempts.push(signal);
      current = Promise.withResolvers<ModelDouble>();
      return current.promise;
    },
    succeed: () => {
      const model = modelDouble();
      models.push(model);
      current.resolve(model);
      return model;
    },
    fail: (error) => current.reject(error),
  };
}

/** A version whose load succeeds at once. */
export function readyVersion(version: bigint): AspiredVersion {
  return { version, load: async () => modelDouble() };
}
