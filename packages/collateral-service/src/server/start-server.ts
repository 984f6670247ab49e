import type { TrustedRoot } from "@sealserve/attestation";
import { type Endpoint, formatEndpoint } from "@sealserve/config";
import type { AnswerAmd } from "../amd/amd-routes.ts";
import type { CollateralFill } from "../fill.ts";
import { AnswerCache } from "../http/answer-cache.ts";
import { RateLimit } from "../http/rate-limit.ts";
import { TokenGuard, type TokenHashes } from "../http/tokens.ts";
import type { ServiceContext, StalePolicy } from "../service-context.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { createCollateralServer } from "./collateral-server.ts";
import { defaultLimits, type ServiceLimits, WRONG_TOKENS } from "./limits.ts";
import { listenOn } from "./listen-on.ts";
import { serviceRoutes } from "./service-routes.ts";
import type { TlsMaterial } from "./tls-material.ts";
import { clearingCache, watchGeneration } from "./watch-generation.ts";

/** What fills the store, and what it adds to the service. */
export interface FillParts {
  readonly fill: CollateralFill;
  /** Answers AMD's paths. */
  readonly answerAmd?: AnswerAmd;
  readonly onAnswer?: (status: number, fromCache: boolean) => void;
  close?(): Promise<void>;
}

/** What a server is started with. */
export interface StartOptions {
  readonly listen: Endpoint;
  readonly tls: TlsMaterial;
  readonly tokens: TokenHashes;
  /** Closed with the server. */
  readonly database: SqlDatabase;
  readonly root: TrustedRoot;
  readonly stale: StalePolicy;
  /** Default false: the codes of Intel's service alone. */
  readonly strict?: boolean;
  /** Default `now`; see {@link ServiceContext}. */
  readonly windows?: ServiceContext["windows"];
  readonly limits?: Partial<ServiceLimits>;
  readonly now: () => Date;
  /** Makes what fills the store, over a database whose writes are seen at once. */
  readonly fill: (database: SqlDatabase) => Promise<FillParts>;
  readonly onFault: (error: unknown) => void;
}

/** A service that answers. */
export interface RunningServer {
  /** Such as `https://127.0.0.1:8081`. */
  readonly url: string;
  /** Takes another certificate and other tokens; connections that are open stay. */
  replace(settings: { readonly tls?: TlsMaterial; readonly tokens?: TokenHashes }): void;
  /** Takes no more connections, lets running requests finish, closes the database. */
  close(): Promise<void>;
}

/** @throws ServiceError `port-unavailable`; the database is closed then, too */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const cache = new AnswerCache();
  const database = clearingCache(options.database, cache);
  let parts: FillParts | undefined;
  const release = async (): Promise<void> => {
    await parts?.close?.();
    await database.close();
  };
  try {
    parts = await options.fill(database);
    return await openServer({ ...options, database, cache, parts, release });
  } catch (error) {
    await release();
    throw error;
  }
}

/** What a server is made from once the store is there. */
interface Opening extends StartOptions {
  readonly cache: AnswerCache;
  readonly parts: FillParts;
  readonly release: () => Promise<void>;
}

async function openServer(opening: Opening): Promise<RunningServer> {
  const { database, cache, parts, release, onFault } = opening;
  const limits = { ...defaultLimits, ...opening.limits };
  const tokens = new TokenGuard(opening.tokens);
  let stopping = false;
  const server = createCollateralServer({
    ...opening,
    limits,
    tokens,
    windows: opening.windows ?? "now",
    fill: parts.fill,
    maximumBody: limits.maximumBody,
    isStopping: () => stopping,
    wrongTokens: new RateLimit(WRONG_TOKENS),
    misses: new RateLimit({ perSecond: limits.missesPerSecond, burst: limits.missBurst }),
    strict: opening.strict ?? false,
    openRoutes: serviceRoutes(parts.answerAmd ?? (async () => undefined)),
    onAnswer: parts.onAnswer ?? (() => undefined),
  });
  const port = await listenOn(server, opening.listen, { member: "listen", onFault });
  const unwatch = watchGeneration(database, cache, onFault);
  return {
    url: `https://${formatEndpoint(port.address)}`,
    replace: (settings) => {
      if (settings.tls !== undefined) {
        server.setSecureContext(settings.tls);
      }
      if (settings.tokens !== undefined) {
        tokens.replace(settings.tokens);
      }
    },
    close: async () => {
      stopping = true;
      await port.close(limits.drainTimeoutMs, () => server.closeIdleConnections());
      unwatch();
      await release();
    },
  };
}
