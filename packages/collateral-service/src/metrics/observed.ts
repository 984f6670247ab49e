import type { AmdProvider } from "../amd/kds-provider.ts";
import type { CollateralFill } from "../fill.ts";
import type { CollateralProvider } from "../provider.ts";
import type { CollateralMetrics } from "./collateral-metrics.ts";

/** A provider whose fetches are counted. */
export function observedProvider(provider: CollateralProvider, metrics: CollateralMetrics): CollateralProvider {
  return {
    fetchDocument: (id, chain) => metrics.observeFetch(id.kind, () => provider.fetchDocument(id, chain)),
    fetchEvaluation: (id, number) => metrics.observeFetch(id.kind, () => provider.fetchEvaluation(id, number)),
    fetchFmspcs: (group) => metrics.observeFetch("fmspcs", () => provider.fetchFmspcs(group)),
    fetchPckCertificates: (platform) =>
      metrics.observeFetch("pck-certificates", () => provider.fetchPckCertificates(platform)),
  };
}

/** {@link observedProvider} for AMD's documents. */
export function observedAmdProvider(provider: AmdProvider, metrics: CollateralMetrics): AmdProvider {
  return { fetch: (id) => metrics.observeFetch(`amd-${id.kind}`, () => provider.fetch(id)) };
}

/** What fills the store, with a count of what was missing. */
export function observedFill(fill: CollateralFill, metrics: CollateralMetrics): CollateralFill {
  return {
    mode: fill.mode,
    document: (id, admission) => {
      metrics.missed(id.kind);
      return fill.document(id, admission);
    },
    platform: (miss, admission) => {
      metrics.missed("platform");
      return fill.platform(miss, admission);
    },
    evaluation: (id, number, admission) => fill.evaluation(id, number, admission),
    fmspcs: (group, admission) => fill.fmspcs(group, admission),
    pckCertificates: (request, admission) => fill.pckCertificates(request, admission),
    registered: (registration) => fill.registered(registration),
    complete: (updates) => fill.complete(updates),
    refresh: (scope) => fill.refresh(scope),
  };
}
