import type { TrustedRoot } from "@sealserve/attestation";
import { AmdCollateral } from "./amd/amd-collateral.ts";
import type { AnswerAmd } from "./amd/amd-routes.ts";
import { type AmdProvider, kdsProvider } from "./amd/kds-provider.ts";
import { type FillContext, UpstreamFill } from "./fill/upstream-fill.ts";
import type { CollateralFill, FillMode } from "./fill.ts";
import { CollateralMetrics } from "./metrics/collateral-metrics.ts";
import { observedAmdProvider, observedFill, observedProvider } from "./metrics/observed.ts";
import { offlineFill } from "./offline-fill.ts";
import { ProviderError } from "./provider.ts";
import type { Schedule } from "./refresh/schedule.ts";
import { startScheduledRefresh } from "./refresh/scheduled-refresh.ts";
import type { SqlDatabase } from "./sql/database.ts";
import { documentKey } from "./store/document-key.ts";
import { findDocument } from "./store/documents.ts";
import { type AttemptRules, Attempts } from "./upstream/attempts.ts";
import { type ExchangeSettings, openExchange } from "./upstream/exchange.ts";
import { parsePcsAddress } from "./upstream/pcs-address.ts";
import { PcsProvider } from "./upstream/pcs-provider.ts";

/** How the service fills its store. */
export interface UpstreamOptions extends ExchangeSettings {
  readonly mode: FillMode;
  /** Intel's service, `https://HOST/sgx/certification/v4/`. */
  readonly url: string;
  /** Subscription keys, primary first. */
  readonly apiKeys?: readonly string[];
  /** AMD's service, `https://HOST`. */
  readonly amdUrl?: string;
  readonly attempts?: AttemptRules;
  /** When documents are fetched again; without it only by call. Does not count in the mode OFFLINE. */
  readonly schedule?: Schedule;
  readonly root: TrustedRoot;
  readonly windows?: "now" | "any";
  readonly now: () => Date;
  /** Where everything is counted. Default: counts of its own. */
  readonly metrics?: CollateralMetrics;
  /** Told about what was not refreshed, or how a scheduled refresh ended. */
  readonly onFailure: (error: unknown) => void;
}

/** What fills the store, and what is known about it. */
export interface Upstream {
  readonly fill: CollateralFill;
  readonly answerAmd: AnswerAmd;
  readonly metrics: CollateralMetrics;
  /** Ends the schedule and closes connections; resolves when no refresh runs any more. */
  close(): Promise<void>;
}

/**
 * Connects the store with the vendors' services, by the mode.
 * @throws UpstreamSettingsError
 */
export function openUpstream(options: UpstreamOptions, database: SqlDatabase): Upstream {
  const metrics = options.metrics ?? new CollateralMetrics();
  return options.mode === "OFFLINE" ? openOffline(options, database, metrics) : openOnline(options, database, metrics);
}

function openOffline({ root, now }: UpstreamOptions, database: SqlDatabase, metrics: CollateralMetrics): Upstream {
  const amd = new AmdCollateral({ mode: "OFFLINE", provider: nobody, database, root, now });
  return {
    fill: offlineFill(database, now),
    answerAmd: (request) => amd.answer(request),
    metrics,
    close: async () => undefined,
  };
}

const nobody: AmdProvider = {
  fetch: () => Promise.reject(new ProviderError("not-found", "the service has no upstream")),
};

function openOnline(options: UpstreamOptions, database: SqlDatabase, metrics: CollateralMetrics): Upstream {
  const { mode, url, apiKeys = [], amdUrl, root, now, onFailure } = options;
  const exchange = openExchange(options);
  const attempts = new Attempts(exchange, options.attempts);
  const pcs = new PcsProvider({
    attempts,
    address: parsePcsAddress(url),
    apiKeys,
    knownRoot: () => storedRoot(database),
  });
  const amd = new AmdCollateral({
    mode,
    provider: observedAmdProvider(kdsProvider(attempts, amdUrl), metrics),
    database,
    root,
    now,
  });
  const context: FillContext = {
    mode,
    provider: observedProvider(pcs, metrics),
    database,
    root,
    now,
    windows: options.windows ?? "now",
    onFailure,
    others: async () => (await amd.refreshable()).map((id) => () => amd.refresh(id)),
  };
  const fill = observedFill(new UpstreamFill(context), metrics);
  const schedule = startSchedule(options, database, fill, metrics);
  return {
    fill,
    answerAmd: (request) => amd.answer(request),
    metrics,
    close: async () => {
      exchange.close();
      await schedule?.stop();
    },
  };
}

/** A stored chain that ends in the root certificate, which says where its list is. */
function storedRoot(database: SqlDatabase): Promise<string | undefined> {
  return database.read(async (connection) => {
    const [list, identity] = [documentKey.rootCaCrl(), documentKey.identity("QE", 4, "standard")];
    const found = (await findDocument(connection, list)) ?? (await findDocument(connection, identity));
    return found?.issuerChain;
  });
}

function startSchedule(
  { schedule, now, onFailure }: UpstreamOptions,
  database: SqlDatabase,
  fill: CollateralFill,
  metrics: CollateralMetrics,
) {
  return (
    schedule &&
    startScheduledRefresh({
      database,
      fill,
      schedule,
      now,
      onRefresh: (outcome) => {
        metrics.refreshed("error" in outcome ? "failed" : "done");
        if ("error" in outcome) {
          onFailure(outcome.error);
        }
      },
    })
  );
}
