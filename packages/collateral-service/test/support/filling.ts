import { trustedRootFromPem } from "@sealserve/attestation";
import { type FillContext, UpstreamFill } from "../../src/fill/upstream-fill.ts";
import type { FillMode } from "../../src/fill.ts";
import type { SqlDatabase } from "../../src/sql/database.ts";
import { type AttemptRules, Attempts } from "../../src/upstream/attempts.ts";
import { type Exchange, type ExchangeSettings, openExchange } from "../../src/upstream/exchange.ts";
import { INTEL_PCS, parsePcsAddress } from "../../src/upstream/pcs-address.ts";
import { PcsProvider } from "../../src/upstream/pcs-provider.ts";
import type { SimulatedPcs } from "./simulated-pcs.ts";
import type { UpstreamServer } from "./upstream-server.ts";

/** Fast enough for tests; the rules themselves are tested on their own. */
const RULES: AttemptRules = { attempts: 2, firstPauseMs: 1, patienceMs: 50 };

/** May have anything begun. */
export const anybody = (): void => undefined;

export interface TestProvider {
  readonly provider: PcsProvider;
  readonly exchange: Exchange;
}

/** A provider that reaches the simulated upstream. */
export function openProvider(
  upstream: UpstreamServer,
  {
    rules = RULES,
    apiKeys = ["0123456789abcdef0123456789abcdef"],
    ...settings
  }: { rules?: AttemptRules; apiKeys?: readonly string[] } & ExchangeSettings = {},
): TestProvider {
  const exchange = openExchange({ ...upstream.settings, ...settings });
  const attempts = new Attempts(exchange, rules);
  return { provider: new PcsProvider({ attempts, address: parsePcsAddress(INTEL_PCS), apiKeys }), exchange };
}

/** Fills `database` from the simulated upstream. */
export async function openFill(
  pcs: SimulatedPcs,
  provider: PcsProvider,
  database: SqlDatabase,
  { mode = "LAZY", ...options }: { mode?: FillMode } & Partial<FillContext> = {},
): Promise<UpstreamFill> {
  return new UpstreamFill({
    mode,
    provider,
    database,
    root: await trustedRootFromPem(pcs.vendor.rootPem),
    now: () => new Date(),
    ...options,
  });
}
