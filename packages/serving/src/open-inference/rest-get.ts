import { encodeUtf8 } from "@sealserve/core";
import type {
  InferencePath,
  InferStatistics,
  ModelMetadataResponse,
  ModelStatistics,
  StatisticDuration,
  TensorMetadata,
} from "@sealserve/protocol";
import type { Health } from "../health/health.ts";
import type { HttpAnswer } from "../http/route.ts";
import type { InferenceService } from "./inference-service.ts";

/** Paths that are read with GET. */
export type GetPath = Exclude<InferencePath, { readonly kind: "infer" } | { readonly kind: "index" }>;

/** Answers what can be asked of the server or a model. @throws ServingError */
export function answerGet(service: InferenceService, health: Health, path: GetPath): HttpAnswer {
  switch (path.kind) {
    case "live":
      return json({ live: true });
    case "ready":
      return json({ ready: health.ready }, health.ready);
    case "server":
      return json(service.serverMetadata());
    case "models":
      return json({ models: service.modelNames() });
    case "model":
      return json(modelJson(service.modelMetadata(path)));
    case "model-ready": {
      const ready = service.modelReady(path);
      return json({ name: path.name, ready }, ready);
    }
    case "model-statistics":
      return json(statisticsJson(service.statistics(path)));
    case "statistics":
    default:
      return json(statisticsJson(service.statistics({ name: "", version: "" })));
  }
}

function modelJson({ name, versions, platform, inputs, outputs, properties }: ModelMetadataResponse): object {
  return {
    name,
    versions,
    platform,
    inputs: inputs.map(tensorJson),
    outputs: outputs.map(tensorJson),
    ...(properties.size === 0 ? {} : { properties: Object.fromEntries(properties) }),
  };
}

function tensorJson({ name, datatype, shape }: TensorMetadata): object {
  return { name, datatype, shape: shape.map(Number) };
}

function statisticsJson(statistics: readonly ModelStatistics[]): object {
  return {
    model_stats: statistics.map((counts) => ({
      name: counts.name,
      version: counts.version,
      last_inference: Number(counts.lastInference),
      inference_count: Number(counts.inferenceCount),
      execution_count: Number(counts.executionCount),
      inference_stats: counts.inferenceStats === undefined ? {} : timesJson(counts.inferenceStats),
      batch_stats: [],
    })),
  };
}

function timesJson(times: InferStatistics): object {
  return {
    success: durationJson(times.success),
    fail: durationJson(times.fail),
    queue: durationJson(times.queue),
    compute_input: durationJson(times.computeInput),
    compute_infer: durationJson(times.computeInfer),
    compute_output: durationJson(times.computeOutput),
  };
}

function durationJson(duration: StatisticDuration | undefined): object {
  return { count: Number(duration?.count ?? 0), ns: Number(duration?.ns ?? 0) };
}

function json(value: object, isReady = true): HttpAnswer {
  return { status: isReady ? 200 : 503, body: encodeUtf8(JSON.stringify(value)) };
}
