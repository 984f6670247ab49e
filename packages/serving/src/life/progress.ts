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

/** TensorFlow Serving's message about models that failed: `1 servable(s) did not become available: {{name: ...}, }`. */
export function describeUnavailable(
  failed: readonly (ModelProgress & { readonly name: string })[],
  noun: "servable" | "model",
): string {
  const list = failed.map(({ name, newest }) => {
    const reason = newest?.error === undefined ? "" : ` due to error: ${printLifeError(newest.error)}`;
    return `{name: ${name} version: ${newest?.version}}${reason}}, `;
  });
  return `${failed.length} ${noun}(s) did not become available: {${list.join("")}}`;
}
