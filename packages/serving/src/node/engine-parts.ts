import { loadModel } from "@sealserve/models";
import type { LoadParts } from "../life/load-version.ts";
import type { Log } from "../log.ts";
import type { ServerOptions } from "../options/server-options.ts";
import { modelServerCommand } from "../upstream/tensorflow-model-server.ts";
import { loadUpstream, type UpstreamOptions } from "../upstream/upstream-engine.ts";

/** How the engine that the options name loads a version. */
export function engineParts({ engine, loading }: ServerOptions, log: Log): Pick<LoadParts, "loadFiles"> {
  const { tags } = loading;
  const { runner, threads } = engine;
  if (runner.kind === "onnxruntime") {
    const options = { tags, ...(threads === undefined ? {} : { threads }) };
    return { loadFiles: async (_id, files, signal) => await loadModel(files, { ...options, signal }) };
  }
  const { program, place } = runner;
  const upstream: UpstreamOptions = { program, place, tags, log, command: modelServerCommand({ tags, threads }) };
  return { loadFiles: async (id, files, signal) => await loadUpstream(upstream, id, files, signal) };
}
