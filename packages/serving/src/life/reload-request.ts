import {
  type Metric,
  type ReloadConfigRequest,
  ReloadConfigResponse,
  ServingError,
  StatusProto,
} from "@sealserve/protocol";
import type { ConfiguredModels } from "./configured-models.ts";
import { readModelConfigs } from "./model-config.ts";

/** What answers HandleReloadConfigRequest. */
export interface ReloadParts {
  readonly models: Pick<ConfiguredModels, "reload">;
  /** Whether callers may change what is served. */
  readonly allowed: boolean;
  /** Current value of a counter by TensorFlow Serving's name, such as `/tensorflow/serving/request_count`. */
  readonly readCounter: (name: string) => bigint | undefined;
}

/**
 * `ModelService.HandleReloadConfigRequest`: the list becomes what is served. Returns when its new models serve; a caller who
 * is gone before that leaves everything as it was.
 * @throws ServingError with TensorFlow Serving's codes and messages
 */
export async function reloadConfig(
  { models, allowed, readCounter }: ReloadParts,
  { config, metricNames }: ReloadConfigRequest,
  signal: AbortSignal,
): Promise<ReloadConfigResponse> {
  if (!allowed) {
    const reason = "what a sealed node serves is decided by its package, and on others --allow-model-reload is off";
    throw new ServingError("PERMISSION_DENIED", `HandleReloadConfigRequest is not answered by this server: ${reason}`);
  }
  const before = new Map(metricNames.map((name) => [name, readCounter(name)]));
  await models.reload(readModelConfigs(config ?? {}), signal);
  return ReloadConfigResponse.create({
    status: StatusProto.create(),
    metric: metricNames.flatMap((name) => growth(name, before.get(name), readCounter(name))),
  });
}

/** A counter that appeared during the reload grew from nothing; one that does not exist is left out. */
function growth(name: string, before: bigint | undefined, after: bigint | undefined): Metric[] {
  return after === undefined ? [] : [{ name, int64ValueIncrease: after - (before ?? 0n) }];
}
