import type { Endpoint } from "@sealserve/config";
import { invalidArgument } from "@sealserve/protocol";
import { NodeError } from "../errors.ts";
import { defaultLimits, type ServingLimits } from "../transport/limits.ts";
import { LONGEST_TIMER_MS } from "../transport/longest-timer.ts";
import { channelArguments } from "./channel-arguments.ts";
import { engineOf } from "./engine-of-flags.ts";
import type { Flag } from "./flag.ts";
import { limitsOfFlags } from "./limit-flags.ts";
import { checkLimits } from "./limit-options.ts";
import { isTraceEndpoint, readMetricsPath, TRACE_ENDPOINT_FORM } from "./monitoring.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import type {
  BatchingOptions,
  ListenOptions,
  LoadingOptions,
  ModelsOption,
  ServerOptions,
  TlsOptions,
} from "./server-options.ts";
import { tensorflowFlags } from "./tensorflow-flags.ts";

const MAX_PORT = 65_535;
const MICROS_PER_MS = 1000;
/** What stands for never in many command lines is a longer time than a timer takes. */
const LONGEST_PAUSE_SECONDS = Math.floor(LONGEST_TIMER_MS / 1000);

/**
 * The options that flags state, checked with TensorFlow Serving's messages. Of the files that they name, the monitoring config
 * is read here; the others are read by what uses them.
 *
 * @throws NodeError `bad-option`, `refused-option`
 * @throws ServingError `INVALID_ARGUMENT` in TensorFlow Serving's words, also for a file that cannot be parsed
 */
export async function optionsOfFlags(flags: ParsedFlags): Promise<ServerOptions> {
  refuseByName(flags);
  const { tensorflow, own } = flags;
  return {
    listen: listenOf(flags),
    models: modelsOf(flags),
    tls: tlsOf(flags),
    loading: loadingOf(flags),
    polling: {
      fileSystemSeconds: Math.min(LONGEST_PAUSE_SECONDS, tensorflow.file_system_poll_wait_seconds),
      modelConfigSeconds: clamp(tensorflow.model_config_file_poll_wait_seconds, LONGEST_PAUSE_SECONDS),
    },
    batching: batchingOf(flags),
    monitoring: {
      prometheusPath: await readMetricsPath(tensorflow.monitoring_config_file),
      traceEndpoint: traceEndpointOf(own["trace-endpoint"]),
      traceCaFile: traceCaFileOf(flags),
    },
    api: {
      checkSignatureMethodName: tensorflow.enable_signature_method_name_check,
      outputsAsTensorContent: tensorflow.enable_serialization_as_tensor_content,
    },
    rest: { cors: tensorflow.rest_api_enable_cors_support },
    grpc: {
      healthService: tensorflow.enable_grpc_healthcheck_service,
      reflection: own["enable-reflection"],
      maxConnectionAgeMs: channelArguments(tensorflow.grpc_channel_arguments).maxConnectionAgeMs,
    },
    engine: engineOf(flags),
    limits: limitsOf(flags),
  };
}

function refuseByName({ tensorflow }: ParsedFlags): void {
  for (const [name, flag] of Object.entries<Flag>(tensorflowFlags)) {
    if (flag.treatment === "refused" && tensorflow[name as keyof typeof tensorflow] !== flag.fallback) {
      throw new NodeError("refused-option", `--${name} is refused: ${flag.meaning}`);
    }
  }
}

function listenOf({ tensorflow, own }: ParsedFlags): ListenOptions {
  const host = own["bind-address"];
  const grpcSocket = tensorflow.grpc_socket_path || undefined;
  const grpc = endpointOf("port", host, tensorflow.port);
  if (grpc === undefined && grpcSocket === undefined) {
    throw invalidArgument("At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.");
  }
  // TensorFlow Serving goes on without REST, and says so.
  const samePort = tensorflow.rest_api_port === tensorflow.port;
  return {
    grpc,
    grpcSocket,
    rest: samePort ? undefined : endpointOf("rest_api_port", host, tensorflow.rest_api_port),
    admin: endpointOf("admin-port", host, own["admin-port"]),
  };
}

function endpointOf(flag: string, host: string, port: number): Endpoint | undefined {
  if (port < 0 || port > MAX_PORT) {
    throw new NodeError("bad-option", `--${flag} is no port`, { expected: `0 to ${MAX_PORT}`, actual: String(port) });
  }
  return port === 0 ? undefined : { host, port };
}

function modelsOf({ tensorflow: { model_config_file, model_base_path, model_name } }: ParsedFlags): ModelsOption {
  if (model_config_file !== "") {
    return { kind: "config-file", file: model_config_file };
  }
  if (model_base_path === "") {
    throw invalidArgument("Both server_options.model_base_path and server_options.model_config_file are empty!");
  }
  return { kind: "directory", name: model_name, basePath: model_base_path };
}

function tlsOf({ tensorflow, own }: ParsedFlags): TlsOptions {
  const sslConfigFile = tensorflow.ssl_config_file || undefined;
  const version = own["tls-min-version"];
  if (version !== "1.2" && version !== "1.3") {
    throw new NodeError("bad-option", "--tls-min-version cannot be used", { expected: "1.2 or 1.3", actual: version });
  }
  if (sslConfigFile !== undefined && own["allow-insecure-plaintext"]) {
    throw new NodeError("bad-option", "--allow-insecure-plaintext does not go with --ssl_config_file", {
      remedy: "remove one of them: with TLS material nothing is served in plaintext",
    });
  }
  return {
    sslConfigFile,
    minimumVersion: `TLSv${version}`,
    allowInsecurePlaintext: own["allow-insecure-plaintext"],
  };
}

function loadingOf({ tensorflow, own }: ParsedFlags): LoadingOptions {
  const iterations = Math.max(1, tensorflow.num_request_iterations_for_warmup);
  return {
    tags: tensorflow.saved_model_tags.split(",").filter((tag) => tag !== ""),
    maxRetries: Math.max(0, tensorflow.max_num_load_retries),
    retryIntervalMs: clamp(Number(tensorflow.load_retry_interval_micros) / MICROS_PER_MS, LONGEST_TIMER_MS),
    threads: Math.max(0, tensorflow.num_load_threads),
    warmUpIterations: tensorflow.enable_model_warmup ? iterations : 0,
    allowLabelsForUnavailable: tensorflow.allow_version_labels_for_unavailable_models,
    allowReload: own["allow-model-reload"],
  };
}

function clamp(value: number, maximum: number): number {
  return Math.min(Math.max(0, value), maximum);
}

function batchingOf({ tensorflow, own }: ParsedFlags): BatchingOptions {
  const file = tensorflow.batching_parameters_file || undefined;
  if (file !== undefined && !tensorflow.enable_batching) {
    throw invalidArgument(
      "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
    );
  }
  if (own.batching !== "" && own.batching !== "auto") {
    throw new NodeError("bad-option", "--batching cannot be used", { expected: "auto", actual: own.batching });
  }
  if (own.batching === "auto") {
    if (tensorflow.enable_batching) {
      throw new NodeError("bad-option", "--batching=auto does not go with --enable_batching", {
        remedy: "keep one of them",
      });
    }
    return { kind: "auto", latencyBudgetMs: latencyBudgetOf(own["batching-latency-budget-ms"]) };
  }
  const perModel = tensorflow.enable_per_model_batching_parameters;
  return tensorflow.enable_batching ? { kind: "parameters", file, perModel } : { kind: "off" };
}

function latencyBudgetOf(budgetMs: number): number {
  if (budgetMs < 1) {
    throw new NodeError("bad-option", "--batching-latency-budget-ms cannot be used", {
      expected: "milliseconds, from 1",
      actual: String(budgetMs),
    });
  }
  return budgetMs;
}

function limitsOf({ tensorflow, limits }: ParsedFlags): ServingLimits {
  return checkLimits({
    ...defaultLimits,
    restRunTimeoutMs: tensorflow.rest_api_timeout_in_ms,
    ...limitsOfFlags(limits),
  });
}

function traceEndpointOf(url: string): string | undefined {
  if (url !== "" && !isTraceEndpoint(url)) {
    throw new NodeError("bad-option", "--trace-endpoint cannot be used", {
      expected: TRACE_ENDPOINT_FORM,
      actual: url,
    });
  }
  return url || undefined;
}

function traceCaFileOf({ own }: ParsedFlags): string | undefined {
  if (own["trace-ca-file"] !== "" && own["trace-endpoint"] === "") {
    throw new NodeError("bad-option", "--trace-ca-file goes with --trace-endpoint only", {
      remedy: "add --trace-endpoint=URL, or remove it",
    });
  }
  return own["trace-ca-file"] || undefined;
}
