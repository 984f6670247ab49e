import type { Endpoint } from "@sealserve/config";
import type { FillMode } from "../fill.ts";
import type { TokenHashes } from "../http/tokens.ts";
import type { Schedule } from "../refresh/schedule.ts";
import type { ServiceLimits } from "../server/limits.ts";
import type { TlsFiles } from "../server/tls-material.ts";
import type { StalePolicy } from "../service-context.ts";

/** Where a service keeps its state. */
export type DatabaseConfig =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string };

/** How the store is filled. */
export interface UpstreamConfig {
  readonly mode: FillMode;
  /** Intel's service, or one that speaks like it. */
  readonly url: string;
  /** Files with one subscription key each, primary first. */
  readonly apiKeyFiles: readonly string[];
  /** Keys that stand in the configuration itself, as they do in that of Intel's service. */
  readonly apiKeys: readonly string[];
  readonly amdUrl: string | undefined;
  readonly proxy: string | undefined;
  /** PEM of roots that are accepted for TLS to upstream beside the usual ones. */
  readonly tlsRootsFile: string | undefined;
  /** When documents are fetched again; undefined only by call. */
  readonly refresh: Schedule | undefined;
}

/** Configuration of a collateral service. File names are absolute. */
export interface ServiceConfig {
  readonly listen: Endpoint;
  /** Where metrics, readiness and the forecast are, over plain HTTP; undefined: nowhere. */
  readonly monitoring: Endpoint | undefined;
  /** Undefined: made at the first start, in the state folder. */
  readonly tls: TlsFiles | undefined;
  /** Folder for what the service makes itself. */
  readonly stateFolder: string;
  readonly database: DatabaseConfig;
  readonly tokens: TokenHashes;
  readonly stale: StalePolicy;
  /** Whether 405 and 415 are sent, which Intel's service never does. */
  readonly strict: boolean;
  readonly upstream: UpstreamConfig;
  /** Processes that answer. */
  readonly workers: number;
  /** PEM of a root that is trusted in place of Intel's. Everything then rests on a simulation and says so. */
  readonly simulatedRootFile: string | undefined;
  readonly limits: Partial<ServiceLimits>;
}
