import type { Endpoint } from "@sealserve/config";
import type { PlatformChoice } from "@sealserve/platform";
import type { ServingLimits } from "../transport/limits.ts";
import type { ProgramFile } from "../upstream/program-file.ts";

/**
 * All that an operator decides, whether by flags or by the YAML of a sealed node. File names are absolute, or relative to the
 * working directory. Each part of the server takes the group it needs.
 */
export interface ServerOptions {
  readonly listen: ListenOptions;
  readonly tls: TlsOptions;
  readonly models: ModelsOption;
  readonly loading: LoadingOptions;
  readonly polling: PollingOptions;
  readonly batching: BatchingOptions;
  readonly monitoring: MonitoringOptions;
  readonly api: ApiOptions;
  readonly rest: RestOptions;
  readonly grpc: GrpcOptions;
  readonly engine: EngineOptions;
  readonly limits: ServingLimits;
}

/** Where the server listens; what is undefined is off. */
export interface ListenOptions {
  readonly grpc: Endpoint | undefined;
  /** Unix socket for gRPC. */
  readonly grpcSocket: string | undefined;
  readonly rest: Endpoint | undefined;
  /** Health and metrics alone. */
  readonly admin: Endpoint | undefined;
}

/** How the ports are secured. */
export interface TlsOptions {
  /** SSLConfig in text form. A sealed node has {@link SealedTlsOption} instead. */
  readonly sslConfigFile: string | undefined;
  readonly minimumVersion: "TLSv1.2" | "TLSv1.3";
  /** Without any TLS material the ports speak plaintext, and only then. */
  readonly allowInsecurePlaintext: boolean;
}

/** Which models are served. */
export type ModelsOption =
  | { readonly kind: "directory"; readonly name: string; readonly basePath: string }
  /** ModelServerConfig in text form. */
  | { readonly kind: "config-file"; readonly file: string }
  | SealedModelOption;

/** A sealed package whose key the owner's broker releases. */
export interface SealedModelOption {
  readonly kind: "sealed";
  /** The owner's key broker and the PEM file of the authority its TLS certificate must come from. */
  readonly broker: { readonly url: string; readonly caFile: string };
  readonly packageDirectory: string;
  readonly model: string;
  /** Where the node's evidence comes from. */
  readonly platform: PlatformChoice;
  readonly versionPolicy: VersionPolicyOption;
  readonly versionLabels: ReadonlyMap<string, bigint>;
  readonly tls: SealedTlsOption;
}

/** Where the TLS key and certificate of a sealed node come from. */
export type SealedTlsOption =
  | { readonly from: "package" }
  /** Made in the TEE, with evidence in the certificate, and made anew before their time is over. */
  | { readonly from: "ra-tls"; readonly lifetimeMs: number; readonly minimumVersion: TlsOptions["minimumVersion"] }
  /** PEM. Whoever can read the key can pose as the node to clients that ask for no evidence. */
  | { readonly from: "file"; readonly keyFile: string; readonly certificateFile: string };

/** Which versions of a model are served (TensorFlow Serving's ServableVersionPolicy). */
export type VersionPolicyOption =
  | { readonly kind: "latest"; readonly count: number }
  | { readonly kind: "all" }
  | { readonly kind: "specific"; readonly versions: readonly bigint[] };

/** How a version is loaded. */
export interface LoadingOptions {
  /** Tags of the graph to take from a SavedModel. */
  readonly tags: readonly string[];
  readonly maxRetries: number;
  readonly retryIntervalMs: number;
  /** Loads at one time; 0: one after the other. */
  readonly threads: number;
  /** How often each warm-up request is run; 0 when there is no warm-up. */
  readonly warmUpIterations: number;
  readonly allowLabelsForUnavailable: boolean;
  /** Whether callers may change the models by HandleReloadConfigRequest. */
  readonly allowReload: boolean;
}

/** How often files are looked at, seconds; 0: once at the start, negative: never. */
export interface PollingOptions {
  readonly fileSystemSeconds: number;
  /** 0: only at the start. */
  readonly modelConfigSeconds: number;
}

/** Whether requests are put together to batches. */
export type BatchingOptions =
  | { readonly kind: "off" }
  | {
      readonly kind: "parameters";
      /** BatchingParameters in text form; undefined takes the defaults. */
      readonly file: string | undefined;
      /** Whether `batching_params.pbtxt` in a version's folder counts. */
      readonly perModel: boolean;
    }
  /** Tunes itself, so that a request's wait and run together take no longer than the budget, milliseconds. */
  | { readonly kind: "auto"; readonly latencyBudgetMs: number };

/** What the server tells of its work. */
export interface MonitoringOptions {
  /** Path of the metrics on the REST port; undefined when they are off there. The admin port always has them. */
  readonly prometheusPath: string | undefined;
  /** OTLP/HTTP endpoint of traces; undefined when they are off. */
  readonly traceEndpoint: string | undefined;
  /** PEM authorities that alone are trusted for its certificate; undefined: those of Node. */
  readonly traceCaFile: string | undefined;
}

/** What both APIs do beyond their defaults. */
export interface ApiOptions {
  readonly checkSignatureMethodName: boolean;
  readonly outputsAsTensorContent: boolean;
}

export interface RestOptions {
  readonly cors: boolean;
}

export interface GrpcOptions {
  readonly healthService: boolean;
  readonly reflection: boolean;
  /** A connection is asked to end at this age, milliseconds; undefined: never for its age. */
  readonly maxConnectionAgeMs: number | undefined;
}

export interface EngineOptions {
  /** Threads of each model's engine; undefined: one for each core, or the program's own choice. */
  readonly threads: number | undefined;
  readonly runner: EngineRunner;
}

/** What runs the models. */
export type EngineRunner =
  /** In this process, by ONNX Runtime and our interpreter. */
  | { readonly kind: "onnxruntime" }
  /** `tensorflow_model_server` of the same TEE, started for each version. */
  | { readonly kind: "upstream"; readonly program: ProgramFile; readonly place: string | undefined }
  /** TensorFlow's C library, in a process of its own for each version. */
  | { readonly kind: "tensorflow"; readonly library: ProgramFile; readonly place: string | undefined };
