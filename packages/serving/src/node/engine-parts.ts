import { loadModel } from "@sealserve/models";
import type { LoadParts } from "../life/load-version.ts";
import type { Log } from "../log.ts";
import type { ServerOptions } from "../options/server-options.ts";
import { defaultTimes } from "../upstream/supervisor.ts";
import { modelServerCommand } from "../upstream/tensorflow-model-server.ts";
import { loadUpstream, type UpstreamOptions } from "../upstream/upstream-engine.ts";

/** How the engine that the options name loads a version. */
export function engineParts({ engine, loading, limits }: ServerOptions, log: Log): Pick<LoadParts, "loadFiles"> {
  const { tags } = loading;
  const { runner, threads } = engine;
  const { loadTimeoutMs } = limits;
  if (runner.kind === "onnxruntime") {
    const options = { tags, maxMs: loadTimeoutMs, ...(threads === undefined ? {} : { threads }) };
    return { loadFiles: async (_id, files, signal) => await loadModel(files, { ...options, signal }) };
  }
  const { program, place } = runner;
  const times = { ...defaultTimes, startMs: loadTimeoutMs };
  const command = modelServerCommand({ tags, threads });
  const upstream: UpstreamOptions = { program, place, tags, times, log, command };
  return { loadFiles: async (id, files, signal) => await loadUpstream(upstream, id, files, signal) };
}
