import { loadModel } from "@sealserve/models";
import type { LoadParts } from "../life/load-version.ts";
import { EngineMetrics } from "../metrics/engine-metrics.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import type { EngineRunner, ServerOptions } from "../options/server-options.ts";
import { tensorFlowCommand } from "../tensorflow/tensorflow-program.ts";
import { defaultTimes } from "../upstream/supervisor.ts";
import { type ModelServerSettings, modelServerCommand } from "../upstream/tensorflow-model-server.ts";
import { loadUpstream, type UpstreamOptions } from "../upstream/upstream-engine.ts";

/** How the engine that the options name loads a version. */
export function engineParts(
  { engine, loading, limits }: ServerOptions,
  { registry }: ServerMetrics,
  { budget, log }: Pick<UpstreamOptions, "budget" | "log">,
): Pick<LoadParts, "loadFiles"> {
  const { tags } = loading;
  const { runner, threads } = engine;
  const { loadTimeoutMs, maxEngineBytes } = limits;
  if (runner.kind === "onnxruntime") {
    const options = { tags, maxMs: loadTimeoutMs, ...(threads === undefined ? {} : { threads }) };
    return { loadFiles: async (_id, files, signal) => await loadModel(files, { ...options, signal }) };
  }
  const times = { ...defaultTimes, startMs: loadTimeoutMs };
  const metrics = new EngineMetrics(registry);
  const upstream: UpstreamOptions = {
    ...programOf(runner, { tags, threads }),
    place: runner.place,
    tags,
    times,
    maxResidentBytes: maxEngineBytes || undefined,
    budget,
    log,
    watch: (served, program) => metrics.watch(served, program),
  };
  return { loadFiles: async (id, files, signal) => await loadUpstream(upstream, id, files, signal) };
}

/** What is checked and run for each version, by the engines that are programs. */
function programOf(
  runner: Exclude<EngineRunner, { readonly kind: "onnxruntime" }>,
  settings: ModelServerSettings,
): Pick<UpstreamOptions, "program" | "command"> {
  return runner.kind === "upstream"
    ? { program: runner.program, command: modelServerCommand(settings) }
    : { program: runner.library, command: tensorFlowCommand(settings) };
}
