import { type ConfigMapping, type ConfigValue, parseYamlDocument } from "@sealserve/config";
import {
  DEFAULT_METRICS_PATH,
  isMetricsPath,
  isTraceEndpoint,
  METRICS_PATH_FORM,
  TRACE_ENDPOINT_FORM,
} from "../options/monitoring.ts";
import type {
  BatchingOptions,
  ListenOptions,
  LoadingOptions,
  MonitoringOptions,
  SealedModelOption,
  ServerOptions,
} from "../options/server-options.ts";
import { readEngineRunner } from "./engine-runner.ts";
import { readLimits } from "./limits.ts";
import { readPlatformChoice } from "./platform-choice.ts";
import { readSealedTls } from "./sealed-tls.ts";
import { readVersionLabels, readVersionPolicy } from "./version-choice.ts";

const DEFAULT_HOST = "127.0.0.1";
const MAX_THREADS = 1024;
const MAX_WARM_UP_ITERATIONS = 1000;
const DAY_MS = 86_400_000;
const DEFAULT_LATENCY_BUDGET_MS = 100;

/** The options of a node that serves a sealed package. */
export interface SealedNodeOptions extends ServerOptions {
  readonly models: SealedModelOption;
}

/**
 * Reads the YAML configuration of a node that serves a sealed package. Here nothing permits plaintext or callers who change
 * the models.
 *
 * ```yaml
 * listen: { host: 127.0.0.1, grpc: 8500, rest: 8501 }   # also: socket: FILE, admin: PORT
 * broker: { url: "https://broker.example:8443", ca: broker-ca.pem }
 * package: /models/half_plus_two
 * model: half_plus_two
 * tls: { from: package }                    # the default; or another of {@link readSealedTls}
 * platform: gramine                         # the default; or another of {@link readPlatformChoice}
 * versionPolicy: { latest: 1 }              # optional, see {@link readVersionPolicy}
 * versionLabels: { stable: 1 }              # optional
 * warmUp: 1                                 # optional: how often warm-up requests are run
 * threads: 2                                # optional
 * engine: onnxruntime                       # the default; or another of {@link readEngineRunner}
 * batching: auto                            # optional; or { latencyBudgetMs: 50 }, or { parametersFile: FILE, perModel: true }
 * monitoring: { metrics: true }             # optional; or metrics: PATH, traces: URL or { url: URL, ca: FILE }
 * api: { checkSignatureMethodName: true }   # optional; also outputsAsTensorContent
 * rest: { cors: true }                      # optional
 * grpc: { health: true }                    # optional; also reflection, maxConnectionAgeMs
 * limits: { maxMessageBytes: 1048576 }      # optional
 * ```
 *
 * @param file name for messages; relative file names start at its folder
 * @throws ConfigError whose message names file, line, member and remedy
 */
export function parseServeConfig(yaml: string, file: string): SealedNodeOptions {
  return parseYamlDocument(yaml, file).mapping((root) => ({
    listen: root.required("listen").mapping(readListen),
    tls: { sslConfigFile: undefined, minimumVersion: "TLSv1.3", allowInsecurePlaintext: false },
    models: readSealedModel(root),
    loading: readLoading(root),
    polling: { fileSystemSeconds: -1, modelConfigSeconds: 0 },
    batching: readBatching(root.optional("batching")),
    monitoring: readMonitoring(root.optional("monitoring")),
    api: readGroup(root.optional("api"), (api) => ({
      checkSignatureMethodName: readSwitch(api?.optional("checkSignatureMethodName")),
      outputsAsTensorContent: readSwitch(api?.optional("outputsAsTensorContent")),
    })),
    rest: readGroup(root.optional("rest"), (rest) => ({ cors: readSwitch(rest?.optional("cors")) })),
    grpc: readGroup(root.optional("grpc"), (grpc) => ({
      healthService: readSwitch(grpc?.optional("health")),
      reflection: readSwitch(grpc?.optional("reflection")),
      maxConnectionAgeMs: grpc?.optional("maxConnectionAgeMs")?.integer({ minimum: 1, maximum: DAY_MS }),
    })),
    engine: {
      threads: root.optional("threads")?.integer({ minimum: 1, maximum: MAX_THREADS }),
      runner: readEngineRunner(root.optional("engine")),
    },
    limits: readLimits(root.optional("limits")),
  }));
}

function readListen(listen: ConfigMapping): ListenOptions {
  const host = listen.optional("host")?.string() ?? DEFAULT_HOST;
  return {
    grpc: listen.required("grpc").endpoint(host),
    grpcSocket: listen.optional("socket")?.filePath(),
    rest: listen.optional("rest")?.endpoint(host),
    admin: listen.optional("admin")?.endpoint(host),
  };
}

function readSealedModel(root: ConfigMapping): SealedModelOption {
  return {
    kind: "sealed",
    broker: root.required("broker").mapping((broker) => ({
      url: readHttpsUrl(broker.required("url")),
      caFile: broker.required("ca").filePath(),
    })),
    packageDirectory: root.required("package").filePath(),
    model: root.required("model").string(),
    platform: readPlatformChoice(root.optional("platform")),
    versionPolicy: readVersionPolicy(root),
    versionLabels: readVersionLabels(root.optional("versionLabels")),
    tls: readSealedTls(root.optional("tls")),
  };
}

/** What cannot be decrypted once will not be at the next try either, so retries are for an engine that has ended. */
function readLoading(root: ConfigMapping): LoadingOptions {
  return {
    tags: ["serve"],
    maxRetries: 5,
    retryIntervalMs: 60_000,
    threads: 0,
    warmUpIterations: root.optional("warmUp")?.integer({ minimum: 0, maximum: MAX_WARM_UP_ITERATIONS }) ?? 1,
    allowLabelsForUnavailable: false,
    allowReload: false,
  };
}

function readBatching(value: ConfigValue | undefined): BatchingOptions {
  if (value === undefined) {
    return { kind: "off" };
  }
  if (value.json() === "auto") {
    return { kind: "auto", latencyBudgetMs: DEFAULT_LATENCY_BUDGET_MS };
  }
  return value.mapping((batching) => {
    const budget = batching.optional("latencyBudgetMs");
    return budget === undefined
      ? {
          kind: "parameters",
          file: batching.optional("parametersFile")?.filePath(),
          perModel: readSwitch(batching.optional("perModel")),
        }
      : { kind: "auto", latencyBudgetMs: budget.integer({ minimum: 1, maximum: DAY_MS }) };
  });
}

function readMonitoring(value: ConfigValue | undefined): MonitoringOptions {
  return readGroup(value, (monitoring) => ({
    prometheusPath: readMetrics(monitoring?.optional("metrics")),
    ...readTraces(monitoring?.optional("traces")),
  }));
}

function readMetrics(metrics: ConfigValue | undefined): string | undefined {
  const stated = metrics?.json() ?? false;
  if (metrics === undefined || typeof stated === "boolean") {
    return stated === true ? DEFAULT_METRICS_PATH : undefined;
  }
  if (!isMetricsPath(metrics.string())) {
    throw metrics.problem("is no path for metrics", `write true or ${METRICS_PATH_FORM}`);
  }
  return metrics.string();
}

/** A URL, or a mapping of `url` and `ca`. */
function readTraces(traces: ConfigValue | undefined): Pick<MonitoringOptions, "traceEndpoint" | "traceCaFile"> {
  if (typeof traces?.json() !== "object") {
    return { traceEndpoint: traces && readTraceEndpoint(traces), traceCaFile: undefined };
  }
  return traces.mapping((members) => ({
    traceEndpoint: readTraceEndpoint(members.required("url")),
    traceCaFile: members.optional("ca")?.filePath(),
  }));
}

function readTraceEndpoint(url: ConfigValue): string {
  if (!isTraceEndpoint(url.string())) {
    throw url.problem("is no endpoint for traces", `write ${TRACE_ENDPOINT_FORM}`);
  }
  return url.string();
}

/** A group that may be left out as a whole. */
function readGroup<T>(value: ConfigValue | undefined, read: (members: ConfigMapping | undefined) => T): T {
  return value === undefined ? read(undefined) : value.mapping(read);
}

function readSwitch(value: ConfigValue | undefined): boolean {
  return value?.boolean() ?? false;
}

function readHttpsUrl(value: ConfigValue): string {
  const text = value.string();
  if (!URL.canParse(text) || new URL(text).protocol !== "https:") {
    throw value.problem("is not an https URL", "write for example https://broker.example:8443");
  }
  return text;
}
