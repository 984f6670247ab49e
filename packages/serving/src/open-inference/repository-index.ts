import { ModelIndex } from "@sealserve/protocol";
import type { Servables, VersionStatus } from "../core/servables.ts";

/** Triton's words for the states of versions. */
const states = {
  UNKNOWN: "UNAVAILABLE",
  START: "LOADING",
  LOADING: "LOADING",
  AVAILABLE: "READY",
  UNLOADING: "UNLOADING",
  END: "UNAVAILABLE",
} as const;

/**
 * All versions of all models (Triton's model repository extension, index).
 *
 * @param readyOnly whether only those that answer calls are listed
 */
export function repositoryIndex(servables: Servables, readyOnly: boolean): ModelIndex[] {
  return servables
    .names()
    .flatMap((name) => servables.versions(name).map((status) => indexEntry(name, status)))
    .filter(({ state }) => !readyOnly || state === states.AVAILABLE);
}

function indexEntry(name: string, { version, state, error }: VersionStatus): ModelIndex {
  const ended = state === "END" ? "unloaded" : "";
  return ModelIndex.create({ name, version: `${version}`, state: states[state], reason: error?.message ?? ended });
}
