import type { ReleasedKey } from "@sealserve/broker/client";
import type { OpenedPackage } from "@sealserve/encrypted-files";
import { NodeError } from "../errors.ts";
import type { Lease } from "../lease/lease.ts";
import { LeaseKeeper } from "../lease/lease-keeper.ts";
import { Pauses } from "../lease/pauses.ts";
import { codeOf } from "../log.ts";
import type { AskBroker } from "./ask-broker.ts";
import type { SealedPackage } from "./sealed-package.ts";
import type { SealedVersions } from "./sealed-versions.ts";
import type { StartContext } from "./start-context.ts";

/** Between two attempts to load the model again, milliseconds. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 300_000;

/** What a {@link LeasedModel} is made of. */
export interface LeasedModelParts extends Pick<StartContext, "closers" | "readiness" | "log" | "clock"> {
  readonly lease: Lease;
  readonly released: ReleasedKey;
  readonly opened: OpenedPackage;
  readonly sealed: SealedPackage;
  readonly versions: SealedVersions;
  readonly askBroker: AskBroker;
}

/**
 * A sealed model that is in memory for as long as its lease lasts. The lease is renewed while the model loads, too. Without one
 * the node is not ready and holds neither model nor key; with a new one it loads the same package again.
 */
export class LeasedModel {
  readonly #parts: LeasedModelParts;
  readonly #ending = new AbortController();
  /** Ends the loading that is under way. */
  #loading = new AbortController();
  #loaded: Promise<void> = Promise.resolve();

  constructor(parts: LeasedModelParts) {
    this.#parts = parts;
  }

  /** Whether calls are answered at this moment. */
  get serving(): boolean {
    return this.#parts.lease.held && this.#parts.versions.served;
  }

  /**
   * Loads the model of the open package for the first time.
   *
   * @throws NodeError `lease-ended`; EncryptedFilesError, ModelError, ServingError
   */
  async load(signal: AbortSignal | undefined): Promise<void> {
    const ended = this.#loading.signal;
    await this.#parts.versions.load(signal === undefined ? ended : AbortSignal.any([signal, ended]));
  }

  /** Renews the lease from now on, until the node closes. */
  keep(): void {
    const { lease, released, opened, askBroker, closers, log, clock } = this.#parts;
    const { manifestDigest, manifest } = opened;
    const keeper = new LeaseKeeper({
      lease,
      served: { manifestDigest, ownerPublicKeyPem: released.ownerPublicKeyPem, version: manifest.model.version },
      request: askBroker,
      onLapsed: () => this.#drop(),
      onRestored: (key) => this.#restore(key),
      log,
      clock,
    });
    // The lease itself ends without its keeper: nothing is served for longer when this fails.
    const kept = keeper
      .keep(this.#ending.signal)
      .catch((error: unknown) => log("lease-not-kept", { code: codeOf(error) }));
    closers.add({
      close: async () => {
        this.#ending.abort();
        await Promise.all([kept, this.#loaded]);
      },
    });
  }

  /** Calls that run end well; the engine, with its copy of the model, goes after the last of them. */
  async #drop(): Promise<void> {
    const { readiness, versions } = this.#parts;
    this.#loading.abort(
      new NodeError("lease-ended", "the lease of the model's key ended while the model was loaded", {
        remedy: "ask the model's owner for a longer lease, or whether she took it back",
      }),
    );
    readiness.enter("starting");
    await this.#loaded;
    await versions.drop();
  }

  async #restore(key: ReleasedKey): Promise<void> {
    await this.#parts.sealed.open(key);
    this.#loading = new AbortController();
    this.#loaded = this.#loadAgain(AbortSignal.any([this.#ending.signal, this.#loading.signal]));
  }

  /** Not waited for, since it may take longer than a lease that is renewed meanwhile. Never rejects. */
  async #loadAgain(signal: AbortSignal): Promise<void> {
    const { sealed, versions, readiness, log, clock } = this.#parts;
    const pauses = new Pauses(FIRST_PAUSE_MS, MAX_PAUSE_MS, Math.random);
    do {
      try {
        await versions.load(signal);
        signal.throwIfAborted();
        readiness.enter("ready");
        log("model-restored", {});
        return;
      } catch (error) {
        if (!signal.aborted) {
          log("model-not-restored", { code: codeOf(error) });
        }
      } finally {
        sealed.forgetKey();
      }
      await clock.wait(pauses.next(), signal).catch(() => undefined);
    } while (!signal.aborted);
  }
}
