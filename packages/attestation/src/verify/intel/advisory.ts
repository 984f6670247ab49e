/** Parts whose TCB levels name advisories. */
export type AdvisorySource = "platform" | "tdx-module" | "qe";

/** A security advisory that applies to a platform. */
export interface Advisory {
  /** As in `INTEL-SA-00615`. */
  readonly id: string;
  /** Who names it, so that an operator knows what to update. */
  readonly sources: readonly AdvisorySource[];
}

interface Level {
  readonly advisoryIds: readonly string[];
}

/** The advisories of all levels that were reached, each once, in the order of the parts. */
export function uniteAdvisories(levels: {
  readonly platform: Level;
  readonly tdxModule: Level | undefined;
  readonly qe: Level;
}): Advisory[] {
  const { platform, tdxModule, qe } = levels;
  const parts = [
    ["platform", platform.advisoryIds],
    ["tdx-module", tdxModule?.advisoryIds ?? []],
    ["qe", qe.advisoryIds],
  ] as const;
  const sources = new Map<string, AdvisorySource[]>();
  for (const [source, ids] of parts) {
    for (const id of new Set(ids)) {
      sources.set(id, [...(sources.get(id) ?? []), source]);
    }
  }
  return [...sources].map(([id, named]) => ({ id, sources: named }));
}
