import { RecentMap } from "@sealserve/core";
import type { Admission } from "../fill.ts";
import { ProviderError } from "../provider.ts";

/** Absences are remembered of this many things; whoever asks for more makes room by the oldest. */
const CAPACITY = 4096;

/** No more misses than these wait for upstream at a time. */
const MAX_MISSES = 256;
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
   * @param admission of whoever asks; without it, there is no bound on how much is begun
   * @throws ProviderError of the work, of the last time when it was `not-found` a moment ago, `retry-later` when too much is
   * under way, and RequestError `too-many-misses` of the admission
   */
  async run<Value>(key: string, work: () => Promise<Value>, admission?: Admission): Promise<Value> {
    const pending = this.#pending.get(key) as Promise<Value> | undefined;
    if (pending !== undefined) {
      return pending;
    }
    const absence = this.#absences.get(key);
    if (absence !== undefined && performance.now() < absence.until) {
      throw absence.error;
    }
    if (admission !== undefined) {
      this.#expectRoom();
      admission();
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

  /** Anybody can ask for what nobody has. */
  #expectRoom(): void {
    if (this.#pending.size >= MAX_MISSES) {
      const retry = { retryAfterSeconds: BUSY_SECONDS };
      throw new ProviderError("retry-later", "too many things are being fetched", retry);
    }
  }

  #rememberAbsence(key: string, error: unknown): void {
    if (error instanceof ProviderError && error.code === "not-found") {
      this.#absences.set(key, { error, until: performance.now() + this.#absenceMs });
    }
  }
}
