import type { Awaitable } from "../core/awaitable.ts";
import type { Servable, Servables, VersionStatus } from "../core/servables.ts";

/** One version in the place of all models: whatever a request asks for, it is this. */
export class OneServable implements Servables {
  readonly #servable: Servable;

  constructor(servable: Servable) {
    this.#servable = servable;
  }

  find(): Servable {
    return this.#servable;
  }

  use<T>(_spec: unknown, work: (servable: Servable) => Awaitable<T>): Awaitable<T> {
    return work(this.#servable);
  }

  versions(): readonly VersionStatus[] {
    return [{ version: this.#servable.version, state: "LOADING" }];
  }

  names(): readonly string[] {
    return [this.#servable.name];
  }
}
