import type { EngineTask, UpstreamOptions } from "./upstream-engine.ts";

/** How `tensorflow_model_server` is run. */
export interface ModelServerSettings {
  readonly tags: readonly string[];
  /** Threads of its session; undefined: its own choice. */
  readonly threads: number | undefined;
}

/**
 * The command line of `tensorflow_model_server` for one version. It answers on the socket alone: its ports would be open on all
 * addresses, without TLS, limits and lease. It looks for the version once and loads it once, as all of that is repeated here.
 */
export function modelServerCommand({ tags, threads }: ModelServerSettings): UpstreamOptions["command"] {
  return (program, { served, basePath, socketPath }: EngineTask) => ({
    program,
    args: [
      "--port=0",
      "--rest_api_port=0",
      `--grpc_socket_path=${socketPath}`,
      `--model_name=${served.name}`,
      `--model_base_path=${basePath}`,
      `--saved_model_tags=${tags.join(",")}`,
      "--file_system_poll_wait_seconds=0",
      "--max_num_load_retries=0",
      "--enable_model_warmup=false",
      ...(threads === undefined ? [] : [`--tensorflow_session_parallelism=${threads}`]),
    ],
  });
}
