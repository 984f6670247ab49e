import { type LeaseClock, monotonicClock } from "./clock.ts";

const SECOND = 1000;

/** What a lease allows for now, as others see it. */
export interface LeaseView {
  /** Whether the package may be served at this moment. */
  readonly held: boolean;
  /**
   * Time of day, by a clock that the host sets: for people only. Over when the lease is; undefined where there never was one, or it
   * has no end. Stays the same object until a renewal.
   */
  readonly endsAt: Date | undefined;
}

/**
 * The right to serve a package for a time. It ends by itself, by a clock that cannot be set back, whatever else the node is
 * busy with.
 */
export class Lease implements LeaseView {
  readonly #clock: LeaseClock;
  #endsAt = Number.NEGATIVE_INFINITY;
  #lengthMs = 0;
  #shownEnd: Date | undefined;

  constructor(clock: LeaseClock = monotonicClock) {
    this.#clock = clock;
  }

  get held(): boolean {
    return this.remainingMs > 0;
  }

  get endsAt(): Date | undefined {
    return this.#shownEnd;
  }

  /** Milliseconds, infinite without an end, 0 when there is no lease. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.now());
  }

  /** Milliseconds from one grant to its end. */
  get lengthMs(): number {
    return this.#lengthMs;
  }

  /**
   * Starts or prolongs the lease.
   * @param askedAt time of the clock before the broker was asked: its answer may have been held up on its way
   * @param seconds as the broker states them; undefined for a lease without end
   */
  grant(askedAt: number, seconds: number | undefined): void {
    this.#lengthMs = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * SECOND;
    this.#endsAt = askedAt + this.#lengthMs;
    this.#shownEnd = seconds === undefined ? undefined : new Date(Date.now() + this.remainingMs);
  }

  /** Ends it before its time. */
  end(): void {
    if (this.held) {
      this.#shownEnd = new Date();
    }
    this.#endsAt = Number.NEGATIVE_INFINITY;
  }
}
