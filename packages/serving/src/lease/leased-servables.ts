import { type ModelSpec, ServingError } from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";
import type { Servable, Servables, VersionStatus } from "../core/servables.ts";
import type { LeaseView } from "./lease.ts";

/** How far the versions under a lease are in memory. */
export interface LeasedVersions {
  readonly model: string;
  /** Whether a version that a request of this model asks for is loaded at this time, or will be by itself. */
  isComing(spec: ModelSpec): boolean;
}

/**
 * The models of a node that may serve them for as long as it holds a lease: from its end on, no call begins. A version that is
 * not there while the model is loaded again is not unknown: clients are told to come back. One that has ended, or that the package has
 * not, they do not wait for.
 */
export class LeasedServables implements Servables {
  readonly #servables: Servables;
  readonly #lease: LeaseView;
  readonly #versions: LeasedVersions;

  constructor(servables: Servables, lease: LeaseView, versions: LeasedVersions) {
    this.#servables = servables;
    this.#lease = lease;
    this.#versions = versions;
  }

  /** @throws ServingError `UNAVAILABLE` without a lease or while the model loads; otherwise as the servables behind it */
  find(spec: ModelSpec): Servable {
    this.#expectHeld();
    try {
      return this.#servables.find(spec);
    } catch (error) {
      throw this.#whileLoading(spec, error);
    }
  }

  use<T>(spec: ModelSpec, work: (servable: Servable) => Awaitable<T>): Awaitable<T> {
    this.#expectHeld();
    let begun = false;
    try {
      return this.#servables.use(spec, (servable) => {
        begun = true;
        return work(servable);
      });
    } catch (error) {
      throw begun ? error : this.#whileLoading(spec, error);
    }
  }

  versions(name: string): readonly VersionStatus[] {
    return this.#servables.versions(name);
  }

  names(): readonly string[] {
    return this.#servables.names();
  }

  #expectHeld(): void {
    if (!this.#lease.held) {
      throw new ServingError("UNAVAILABLE", "The lease of the model has ended on this server");
    }
  }

  #whileLoading(spec: ModelSpec, cause: unknown): unknown {
    const isAbsent = cause instanceof ServingError && cause.code === "NOT_FOUND";
    return isAbsent && spec.name === this.#versions.model && this.#versions.isComing(spec)
      ? new ServingError("UNAVAILABLE", "The model is being loaded on this server", { cause })
      : cause;
  }
}
