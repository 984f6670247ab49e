import { LONGEST_TIMER_MS } from "./longest-timer.ts";

/** Something that must come to its end within a time; an entry of one {@link TimeLimit}. */
export interface TimeLimited {
  /** Told once when its time is over. It is no entry any more then. */
  late(): void;
}

interface Link {
  before: Link | undefined;
  after: Link | undefined;
}

/** The place of an entry. */
class Place implements Link {
  readonly entry: TimeLimited;
  dueAt: number;
  before: Link | undefined;
  after: Link | undefined;

  constructor(entry: TimeLimited, dueAt: number) {
    this.entry = entry;
    this.dueAt = dueAt;
  }
}

/** A running time. */
export type RunningTime = Place;

/**
 * A time that many things may take, each from its own start on. They are kept in the order of their ends, with one timer for the
 * first: nearly all of them end long before, and a timer for each would cost more than what it bounds.
 */
export class TimeLimit {
  readonly ms: number;
  readonly #ring: Link = { before: undefined, after: undefined };
  #timer: NodeJS.Timeout | undefined;

  /** @param ms milliseconds */
  constructor(ms: number) {
    this.ms = ms;
    this.#ring.before = this.#ring;
    this.#ring.after = this.#ring;
  }

  /** Begins the time of an entry. */
  start(entry: TimeLimited): RunningTime {
    const place = new Place(entry, performance.now() + this.ms);
    this.#append(place);
    if (this.#timer === undefined) {
      this.#timer = this.#lookIn(this.ms);
    }
    return place;
  }

  /** Begins a running time anew. @returns now, milliseconds of `performance` */
  restart(place: RunningTime): number {
    const now = performance.now();
    if (place.after !== undefined) {
      unlink(place);
      place.dueAt = now + this.ms;
      this.#append(place);
    }
    return now;
  }

  /** Ends a time before it is over; one that has ended stays so. */
  stop(place: RunningTime): void {
    if (place.after !== undefined) {
      unlink(place);
    }
  }

  #append(place: Link): void {
    const last = this.#ring.before as Link;
    place.before = last;
    place.after = this.#ring;
    last.after = place;
    this.#ring.before = place;
  }

  /**
   * What is bounded keeps the process alive, not the bound. After a pause of the whole process, timers run before what came meanwhile is
   * read: that is done first.
   */
  #lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => setImmediate(() => this.#look()), Math.min(Math.ceil(ms), LONGEST_TIMER_MS)).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let first = this.#ring.after; first instanceof Place; first = this.#ring.after) {
      if (first.dueAt > now) {
        this.#timer = this.#lookIn(first.dueAt - now);
        return;
      }
      unlink(first);
      first.entry.late();
    }
  }
}

/** Takes a place out; what is out leads nowhere, so that the collector can tell the old from the new. */
function unlink(place: Link): void {
  const { before, after } = place;
  if (before !== undefined && after !== undefined) {
    before.after = after;
    after.before = before;
  }
  place.before = undefined;
  place.after = undefined;
}

/** Those that are in use, by their milliseconds: as many as there are settings. */
const shared = new Map<number, TimeLimit>();

/** The limit of so many milliseconds, shared by all who have the same. */
export function timeLimitOf(ms: number): TimeLimit {
  const limit = shared.get(ms) ?? new TimeLimit(ms);
  shared.set(ms, limit);
  return limit;
}
