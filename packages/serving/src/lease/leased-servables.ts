import { type ModelSpec, ServingError } from "@sealserve/protocol";
import type { Servable, Servables, VersionStatus } from "../core/servables.ts";
import type { LeaseView } from "./lease.ts";

/** The models of a node that may serve them for as long as it holds a lease: from its end on, no call begins. */
export class LeasedServables implements Servables {
  readonly #servables: Servables;
  readonly #lease: LeaseView;

  constructor(servables: Servables, lease: LeaseView) {
    this.#servables = servables;
    this.#lease = lease;
  }

  /** @throws ServingError `UNAVAILABLE` without a lease; otherwise as the servables behind it */
  find(spec: ModelSpec): Servable {
    this.#expectHeld();
    return this.#servables.find(spec);
  }

  async use<T>(spec: ModelSpec, work: (servable: Servable) => Promise<T>): Promise<T> {
    this.#expectHeld();
    return await this.#servables.use(spec, work);
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
}
