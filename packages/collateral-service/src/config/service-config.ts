import type { Endpoint } from "@sealserve/config";
import type { TokenHashes } from "../http/tokens.ts";
import type { ServiceLimits } from "../server/limits.ts";
import type { TlsFiles } from "../server/tls-material.ts";
import type { StalePolicy } from "../service-context.ts";

/** Where a service keeps its state. */
export type DatabaseConfig =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string };

/** Configuration of a collateral service. File names are absolute. */
export interface ServiceConfig {
  readonly listen: Endpoint;
  /** Undefined: made at the first start, in the state folder. */
  readonly tls: TlsFiles | undefined;
  /** Folder for what the service makes itself. */
  readonly stateFolder: string;
  readonly database: DatabaseConfig;
  readonly tokens: TokenHashes;
  readonly stale: StalePolicy;
  /** Processes that answer. */
  readonly workers: number;
  /** PEM of a root that is trusted in place of Intel's. Everything then rests on a simulation and says so. */
  readonly simulatedRootFile: string | undefined;
  readonly limits: Partial<ServiceLimits>;
}
