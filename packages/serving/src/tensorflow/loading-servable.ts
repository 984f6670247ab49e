import type { LoadedModel } from "@sealserve/models";
import { ServingError } from "@sealserve/protocol";
import type { Servable, Servables, VersionStatus } from "../core/servables.ts";
import type { ServedVersion } from "../upstream/model-server-client.ts";

/** One version in the place of all models: first it is being loaded, and then it serves, or says why it does not. */
export class LoadingServable implements Servables {
  readonly #served: ServedVersion;
  #servable: Servable | undefined;
  #status: VersionStatus;

  constructor(served: ServedVersion) {
    this.#served = served;
    this.#status = { version: served.version, state: "LOADING" };
  }

  /** It is loaded. */
  serve(model: LoadedModel): void {
    this.#servable = { ...this.#served, model };
    this.#status = { version: this.#served.version, state: "AVAILABLE" };
  }

  /** It will not be loaded. */
  fail(message: string): void {
    this.#status = { version: this.#served.version, state: "END", error: { code: "FAILED_PRECONDITION", message } };
  }

  /** @throws ServingError `UNAVAILABLE` */
  find(): Servable {
    if (this.#servable === undefined) {
      throw new ServingError("UNAVAILABLE", "The model is not loaded");
    }
    return this.#servable;
  }

  async use<T>(_spec: unknown, work: (servable: Servable) => Promise<T>): Promise<T> {
    return await work(this.find());
  }

  versions(): readonly VersionStatus[] {
    return [this.#status];
  }

  names(): readonly string[] {
    return [this.#served.name];
  }
}
