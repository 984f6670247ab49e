import type { VersionStatus } from "../core/servables.ts";

/** Where a version stands, as the policy sees it. */
export interface VersionSnapshot {
  readonly version: bigint;
  readonly state: VersionStatus["state"];
  /** Whether the source still names it. */
  readonly wanted: boolean;
  /** Whether its load has been asked for, though it may still wait for its turn. */
  readonly queued: boolean;
}

/** The next thing to do for a model. */
export interface VersionAction {
  readonly kind: "load" | "unload";
  readonly version: bigint;
}

/**
 * TensorFlow Serving's availability preserving policy: an old version goes when a wanted one serves, when none is wanted,
 * or when several unwanted ones serve, the lowest first; of new versions the highest is loaded first.
 */
export function nextAction(versions: readonly VersionSnapshot[]): VersionAction | undefined {
  const serving = versions.filter(({ state }) => state === "AVAILABLE");
  const unwanted = serving.filter(({ wanted }) => !wanted);
  const lowest = pick(unwanted, (a, b) => a < b);
  if (lowest !== undefined) {
    const replaced = serving.length > unwanted.length;
    const noneWanted = !versions.some(({ wanted }) => wanted);
    if (replaced || noneWanted || unwanted.length > 1) {
      return { kind: "unload", version: lowest };
    }
  }
  const fresh = versions.filter(({ state, wanted, queued }) => state === "START" && wanted && !queued);
  const highest = pick(fresh, (a, b) => a > b);
  return highest === undefined ? undefined : { kind: "load", version: highest };
}

function pick(versions: readonly VersionSnapshot[], comesFirst: (a: bigint, b: bigint) => boolean): bigint | undefined {
  const [first, ...others] = versions.map(({ version }) => version);
  return others.reduce((best, version) => (best !== undefined && comesFirst(version, best) ? version : best), first);
}
