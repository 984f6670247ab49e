import { RecentMap } from "@sealserve/core";
import { ProviderError } from "../provider.ts";

/** Absences are remembered of this many things; whoever asks for more makes room by the oldest. */
const CAPACITY = 4096;

const BUSY_SECONDS = 5;

interface Absence {
  readonly error: ProviderError;
  /** Time of the monotonic clock. */
  readonly until: number;
}

/**
 * Does each thing once, however many ask for it at the same time: all of them get the one result, and whoever goes away does
 * not stop it for the others. What upstream does not have is not asked for again for a while.
 */
export class SingleFlight {
  readonly #pending = new Map<string, Promise<unknown>>();
  readonly #absences = new RecentMap<Absence>(CAPACITY);
  readonly #absenceMs: number;

  /** @param absenceMs how long `not-found` is remembered */
  constructor(absenceMs: number) {
    this.#absenceMs = absenceMs;
  }

  /**
   * @param most pending work beside which something new is still begun
   * @throws ProviderError of the work, of the last time when it was `not-found` a moment ago, or `retry-later` for more work
   */
  run<Value>(key: string, work: () => Promise<Value>, most = Number.POSITIVE_INFINITY): Promise<Value> {
    const pending = this.#pending.get(key) as Promise<Value> | undefined;
    if (pending !== undefined) {
      return pending;
    }
    const absence = this.#absences.get(key);
    if (absence !== undefined && performance.now() < absence.until) {
      return Promise.reject(absence.error);
    }
    if (this.#pending.size >= most) {
      const message = "too many things are being fetched";
      return Promise.reject(new ProviderError("retry-later", message, { retryAfterSeconds: BUSY_SECONDS }));
    }
    const started = work()
      .catch((error: unknown) => {
        this.#rememberAbsence(key, error);
        throw error;
      })
      .finally(() => this.#pending.delete(key));
    this.#pending.set(key, started);
    return started;
  }

  #rememberAbsence(key: string, error: unknown): void {
    if (error instanceof ProviderError && error.code === "not-found") {
      this.#absences.set(key, { error, until: performance.now() + this.#absenceMs });
    }
  }
}
