import { type ModelSpec, ServingError } from "@sealserve/protocol";
import type { Awaitable } from "../../src/core/awaitable.ts";
import type { Servable, Servables, VersionStatus } from "../../src/core/servables.ts";

/** One loaded version of the model. */
export type ServedVersion = Omit<Servable, "name">;

/** One model whose versions are all loaded. */
export class ServedModel implements Servables {
  readonly name: string;
  /** Newest first. */
  readonly loaded: readonly Servable[];

  constructor(name: string, versions: readonly ServedVersion[]) {
    this.name = name;
    this.loaded = versions.map((version) => ({ name, ...version })).sort((a, b) => (a.version < b.version ? 1 : -1));
  }

  find(spec: ModelSpec): Servable {
    if (spec.name === "") {
      throw new ServingError("INVALID_ARGUMENT", "ModelSpec has no name specified.");
    }
    if (spec.versionLabel !== undefined) {
      throw new ServingError("INVALID_ARGUMENT", `Unrecognized servable version label: ${spec.versionLabel}`);
    }
    const known = spec.name === this.name ? this.loaded : [];
    const found = known.find(({ version }) => spec.version === undefined || spec.version === version);
    if (found === undefined) {
      const asked = spec.version === undefined ? `Latest(${spec.name})` : `Specific(${spec.name}, ${spec.version})`;
      throw new ServingError("NOT_FOUND", `Servable not found for request: ${asked}`);
    }
    return found;
  }

  use<T>(spec: ModelSpec, work: (servable: Servable) => Awaitable<T>): Awaitable<T> {
    return work(this.find(spec));
  }

  versions(name: string): readonly VersionStatus[] {
    return name === this.name ? this.loaded.map(statusOf) : [];
  }

  names(): readonly string[] {
    return [this.name];
  }
}

/** A version whose engine is gone has ended with an error. */
function statusOf({ version, model: { failure } }: Servable): VersionStatus {
  return failure === undefined
    ? { version, state: "AVAILABLE" }
    : { version, state: "END", error: { code: "INTERNAL", message: failure.message } };
}
