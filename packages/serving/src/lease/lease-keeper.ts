import { BrokerError, type ReleasedKey } from "@sealserve/broker/client";
import { codeOf, type Log } from "../log.ts";
import { type LeaseClock, monotonicClock } from "./clock.ts";
import type { Lease } from "./lease.ts";
import { Pauses } from "./pauses.ts";

/** Longest pauses between two attempts, milliseconds: while the lease lasts, and when it has lapsed. */
const MAX_PAUSE_MS = 60_000;
const MAX_LAPSED_PAUSE_MS = 300_000;
const FIRST_PAUSE_MS = 1000;
/** Time for one attempt, milliseconds: a part of the lease, in these bounds. */
const MIN_ATTEMPT_MS = 5000;
const MAX_ATTEMPT_MS = 60_000;
/** A pause or an attempt takes no more of a lease than one part in so many. */
const PARTS_OF_LEASE = 8;

/** Why a package may not be served any longer. */
export type LapseReason =
  /** No renewal came before its end. */
  | "expired"
  /** The broker judged the node, and refused. */
  | "refused"
  /** The broker releases another package, or demands a newer one. */
  | "replaced";

/** The package that is served, by the record with which its key was released. */
export interface LeasedPackage {
  /** SHA-256 of its manifest, lower-case hex. */
  readonly manifestDigest: string;
  readonly ownerPublicKeyPem: string;
  readonly version: number;
}

/** How one attempt asks the broker. */
export interface LeaseRequest {
  /** Of the package whose lease is to be renewed; undefined when the key itself is asked for. */
  readonly servedManifestDigest: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What {@link LeaseKeeper} needs. */
export interface LeaseKeeperOptions {
  readonly lease: Lease;
  readonly served: LeasedPackage;
  /** Asks the broker, with fresh evidence. */
  readonly request: (request: LeaseRequest) => Promise<ReleasedKey>;
  /** Stops serving and drops model and keys; resolves when they are gone. The lease has ended by then. */
  readonly onLapsed: (reason: LapseReason) => Promise<void>;
  /** Serves again. The wrap key is the callee's to wipe. What it throws leaves the lease lapsed. */
  readonly onRestored: (released: ReleasedKey) => Promise<void>;
  readonly log: Log;
  readonly clock?: LeaseClock;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/**
 * Renews a lease from about half of its time on, with evidence made anew each time. When it lapses, the model goes; the
 * broker is asked on, and when it accepts the node again for the same package, that is served again. A process serves one
 * package in all its life, since requesters were shown its digest: for another one it has to be started anew.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #clock: LeaseClock;
  readonly #random: () => number;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
    this.#random = options.random ?? Math.random;
  }

  /** Keeps a lease that was granted until the signal fires, or a renewal sets no end to it. */
  async keep(signal: AbortSignal): Promise<void> {
    const { lease, log, onLapsed } = this.#options;
    try {
      while (Number.isFinite(lease.lengthMs)) {
        const reason = await this.#untilLapsed(signal);
        if (reason !== undefined) {
          lease.end();
          log("lease-lapsed", { reason });
          await onLapsed(reason);
          await this.#regain(signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  /** Why the lease ended; undefined when it never will. */
  async #untilLapsed(signal: AbortSignal): Promise<LapseReason | undefined> {
    const { lease } = this.#options;
    while (Number.isFinite(lease.lengthMs)) {
      const keptBackMs = lease.lengthMs * (0.45 + 0.1 * this.#random());
      await this.#clock.wait(Math.max(0, lease.remainingMs - keptBackMs), signal);
      const outcome = await this.#renewInTime(signal);
      if (outcome !== "renewed") {
        return outcome;
      }
    }
    return undefined;
  }

  async #renewInTime(signal: AbortSignal): Promise<LapseReason | "renewed"> {
    const settled = new AbortController();
    const both = AbortSignal.any([signal, settled.signal]);
    const expired = this.#clock.wait(this.#options.lease.remainingMs, both).then(() => "expired" as const);
    try {
      return await Promise.race([expired, this.#tryToRenew(both)]);
    } finally {
      settled.abort();
    }
  }

  async #tryToRenew(signal: AbortSignal): Promise<LapseReason | "renewed"> {
    const { lease, served, log } = this.#options;
    const longestMs = lease.lengthMs / PARTS_OF_LEASE;
    const pauses = new Pauses(FIRST_PAUSE_MS, Math.min(MAX_PAUSE_MS, longestMs), this.#random);
    const timeoutMs = Math.min(MAX_ATTEMPT_MS, Math.max(MIN_ATTEMPT_MS, longestMs));
    for (;;) {
      const askedAt = this.#clock.now();
      try {
        const released = await this.#ask({ servedManifestDigest: served.manifestDigest, timeoutMs, signal });
        released.wrapKey.fill(0);
        if (!this.#isForServed(released)) {
          return "replaced";
        }
        lease.grant(askedAt, released.leaseSeconds);
        log("lease-renewed", { seconds: released.leaseSeconds ?? 0 });
        return "renewed";
      } catch (error) {
        signal.throwIfAborted();
        this.#logFailure("lease-renewal-failed", error);
        if (isRefusal(error)) {
          return "refused";
        }
      }
      await this.#clock.wait(pauses.next(), signal);
    }
  }

  /** Asks for the key again until the package may be served again. */
  async #regain(signal: AbortSignal): Promise<void> {
    const pauses = new Pauses(FIRST_PAUSE_MS, MAX_LAPSED_PAUSE_MS, this.#random);
    do {
      await this.#clock.wait(pauses.next(), signal);
    } while (!(await this.#tryToRegain(signal)));
  }

  async #tryToRegain(signal: AbortSignal): Promise<boolean> {
    const { lease, log, onRestored } = this.#options;
    const askedAt = this.#clock.now();
    try {
      const released = await this.#ask({ servedManifestDigest: undefined, timeoutMs: MAX_ATTEMPT_MS, signal });
      if (!this.#isForServed(released)) {
        released.wrapKey.fill(0);
        log("lease-not-regained", { code: "replaced" });
        return false;
      }
      lease.grant(askedAt, released.leaseSeconds);
      await onRestored(released);
      log("lease-regained", { seconds: released.leaseSeconds ?? 0 });
      return true;
    } catch (error) {
      lease.end();
      signal.throwIfAborted();
      this.#logFailure("lease-not-regained", error);
      return false;
    }
  }

  /** An answer that comes when nobody waits for it any more grants nothing. */
  async #ask(request: LeaseRequest): Promise<ReleasedKey> {
    const released = await this.#options.request(request);
    if (request.signal.aborted) {
      released.wrapKey.fill(0);
    }
    request.signal.throwIfAborted();
    return released;
  }

  #isForServed({ manifestDigest, ownerPublicKeyPem, minimumVersion }: ReleasedKey): boolean {
    const { served } = this.#options;
    return (
      manifestDigest === served.manifestDigest &&
      ownerPublicKeyPem === served.ownerPublicKeyPem &&
      minimumVersion <= served.version
    );
  }

  #logFailure(event: string, error: unknown): void {
    this.#options.log(event, { code: codeOf(error) });
  }
}

/** The broker judged: it was reached, it is the pinned one, and it had what it needs. */
function isRefusal(error: unknown): boolean {
  return error instanceof BrokerError && error.code === "release-refused";
}
