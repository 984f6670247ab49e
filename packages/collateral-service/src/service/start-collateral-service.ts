import type { TrustedRoot } from "@sealserve/attestation";
import { SealserveError } from "@sealserve/core";
import type { ServiceConfig } from "../config/service-config.ts";
import { failureOf } from "../http/status.ts";
import { TokenGuard, type TokenHashes } from "../http/tokens.ts";
import { CollateralMetrics } from "../metrics/collateral-metrics.ts";
import type { Monitoring } from "../server/start-monitoring.ts";
import { type RunningServer, type StartOptions, startServer } from "../server/start-server.ts";
import { readTlsMaterial, type TlsFiles } from "../server/tls-material.ts";
import { openDatabase } from "./open-database.ts";
import { upstreamOpener } from "./open-upstream-parts.ts";
import { ownCertificate } from "./own-certificate.ts";
import { startServiceMonitoring } from "./service-monitoring.ts";
import { openTrustedRoot } from "./trusted-root.ts";
import { watchFiles } from "./watch-files.ts";

/** What a service takes from outside its configuration. */
export interface ServiceOptions {
  /** Receives what a person who runs it should know; `fields` hold no secrets. */
  readonly log: (message: string, fields?: Readonly<Record<string, string>>) => void;
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Counts everything, for another process that has the monitoring of all; this one opens none then. */
  readonly metrics?: CollateralMetrics;
  /** See {@link StartOptions}; for collections of documents from other times. */
  readonly windows?: StartOptions["windows"];
}

/** A collateral service that answers. */
export interface CollateralService {
  readonly url: string;
  /** Of the port for those who run it. */
  readonly monitoringUrl: string | undefined;
  /** Takes tokens from a configuration that was read again, and the certificate from its files. Never rejects. */
  reload(read: () => Promise<ServiceConfig>): Promise<void>;
  close(): Promise<void>;
}

const SIMULATED = "a simulated root is trusted, NOT SECURE: what is served is made by software";

/**
 * Makes what processes of one service share, before any of them starts: certificate and database.
 * @throws ServiceError, whose message names what is at fault
 */
export async function prepareCollateralService(config: ServiceConfig): Promise<void> {
  await readTlsMaterial(config.tls ?? (await ownCertificate(config.stateFolder, new Date())));
  await (await openDatabase(config.database, () => undefined)).close();
}

/**
 * Starts a service. Everything it needs is read and checked first; nothing listens unless all of it can be used.
 * @throws ServiceError, whose message names what is at fault
 */
export async function startCollateralService(
  config: ServiceConfig,
  { log, now = () => new Date(), windows, metrics: counted }: ServiceOptions,
): Promise<CollateralService> {
  const metrics = counted ?? new CollateralMetrics();
  const onFault = (error: unknown): void => log(faultText(error));
  const root = await openTrustedRoot(config.simulatedRootFile);
  warnOf(root, config.tokens, log);
  const files = config.tls ?? (await ownCertificate(config.stateFolder, now()));
  const server = await openServer(config, files, { root, now, windows, metrics, onFault });
  const own = counted === undefined ? config : { ...config, monitoring: undefined };
  const { monitoringUrl, ...monitored } = await withMonitoring(server, (isReady) =>
    startServiceMonitoring(own, { metrics, isReady, now, onFault }),
  );
  return running(monitored, { files, log, monitoringUrl });
}

/** What a person who runs the service should know of its configuration. */
function warnOf({ simulated }: TrustedRoot, tokens: TokenHashes, log: ServiceOptions["log"]): void {
  if (simulated) {
    log(SIMULATED);
  }
  for (const kind of new TokenGuard(tokens).unusable()) {
    log(`there is no usable ${kind} token: what it guards answers 401`);
  }
}

interface Workings {
  readonly root: TrustedRoot;
  readonly now: () => Date;
  readonly windows: ServiceOptions["windows"];
  readonly metrics: CollateralMetrics;
  readonly onFault: (error: unknown) => void;
}

/** Files first, then the database, then the port. */
async function openServer(
  { listen, tokens, stale, strict, limits, ...config }: ServiceConfig,
  files: TlsFiles,
  { root, now, windows, metrics, onFault }: Workings,
): Promise<RunningServer> {
  const tls = await readTlsMaterial(files);
  const fill = await upstreamOpener(config.upstream, { root, now, windows, metrics, onFailure: onFault });
  const database = await openDatabase(config.database, onFault);
  const given = windows === undefined ? {} : { windows };
  return startServer({ listen, tls, tokens, stale, strict, limits, database, root, now, onFault, fill, ...given });
}

/** A server that closes with its monitoring; it is closed too where the monitoring cannot be opened. */
async function withMonitoring(
  server: RunningServer,
  open: (isReady: () => boolean) => Promise<Monitoring | undefined>,
): Promise<RunningServer & { readonly monitoringUrl: string | undefined }> {
  let isReady = true;
  try {
    const monitoring = await open(() => isReady);
    const close = async (): Promise<void> => {
      isReady = false;
      await server.close();
      await monitoring?.close();
    };
    return { ...server, close, monitoringUrl: monitoring?.url };
  } catch (error) {
    await server.close();
    throw error;
  }
}

interface Surroundings {
  readonly files: TlsFiles;
  readonly log: ServiceOptions["log"];
  readonly monitoringUrl: string | undefined;
}

function running(server: RunningServer, { files, log, monitoringUrl }: Surroundings): CollateralService {
  const reread = async (read?: () => Promise<ServiceConfig>): Promise<void> => {
    try {
      const tokens = (await read?.())?.tokens;
      const tls = await readTlsMaterial(files);
      server.replace({ tls, ...(tokens === undefined ? {} : { tokens }) });
      log(tokens === undefined ? "the certificate was read again" : "tokens and the certificate were read again");
    } catch (error) {
      log(`nothing was taken over, the last certificate and tokens stay: ${faultText(error)}`);
    }
  };
  const unwatch = watchFiles([files.certificate, files.key], () => void reread());
  return {
    url: server.url,
    monitoringUrl,
    reload: (read) => reread(read),
    close: async () => {
      unwatch();
      await server.close();
    },
  };
}

function faultText(error: unknown): string {
  if (error instanceof SealserveError) {
    return `${error.code}: ${error.message}`;
  }
  return `internal (${failureOf(error).status}): ${error instanceof Error ? error.message : String(error)}`;
}
