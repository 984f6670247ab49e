import { ServingError } from "@sealserve/protocol";
import type { VersionStatus } from "../core/servables.ts";
import { printLifeError } from "./load-error.ts";

/** How far a model is from being served. */
export interface ModelProgress {
  /** `unknown`: its source has named no version. */
  readonly kind: "unknown" | "loading" | "available" | "failed";
  /** When failed: the newest version. */
  readonly newest?: VersionStatus;
}

/** @param wanted states of the versions that the model's source wants, newest first */
export function progressOf(wanted: readonly VersionStatus[]): ModelProgress {
  const [newest] = wanted;
  if (newest === undefined) {
    return { kind: "unknown" };
  }
  if (wanted.some(({ state }) => state === "AVAILABLE")) {
    return { kind: "available" };
  }
  return wanted.every(({ state }) => state === "END") ? { kind: "failed", newest } : { kind: "loading" };
}

/** How far several models are. */
type NamedProgress = ModelProgress & { readonly name: string };

/**
 * How far several models are together: one that loads is decisive, then one that failed, then one whose source has found
 * no version.
 */
export function standingOf(models: readonly ModelProgress[]): ModelProgress["kind"] {
  const kinds = new Set(models.map(({ kind }) => kind));
  return (["loading", "failed", "unknown"] as const).find((kind) => kinds.has(kind)) ?? "available";
}

/**
 * Checks that models that are no longer waited for serve.
 *
 * @param noun what the message calls them
 * @throws ServingError `UNKNOWN` with TensorFlow Serving's message about models that failed: `1 servable(s) did not become available:
 *   {{name: ...}, }`; `ABORTED` for models without versions
 */
export function checkAvailable(models: readonly NamedProgress[], noun: "servable" | "model"): void {
  const failed = models.filter(({ kind }) => kind === "failed");
  if (failed.length > 0) {
    const list = failed.map(describeFailure).join("");
    throw new ServingError("UNKNOWN", `${failed.length} ${noun}(s) did not become available: {${list}}`);
  }
  const unknown = models.filter(({ kind }) => kind === "unknown").map(({ name }) => name);
  if (unknown.length > 0) {
    const reason = `A later configuration took the place of this one, which waited for versions of: ${unknown.join(", ")}`;
    throw new ServingError("ABORTED", reason);
  }
}

function describeFailure({ name, newest }: NamedProgress): string {
  const reason = newest?.error === undefined ? "" : ` due to error: ${printLifeError(newest.error)}`;
  return `{name: ${name} version: ${newest?.version}}${reason}}, `;
}
