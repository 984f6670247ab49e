/** Something that will be otherwise from a day on. */
export interface Change {
  /** `YYYY-MM-DD` in UTC; null where the vendor has not announced the day. */
  readonly day: string | null;
  /** Whole days from now, down; below 0 for what has happened. Null like `day`. */
  readonly daysLeft: number | null;
  /** Key of a document, or `platform QEID/PCEID`. */
  readonly subject: string;
  /** What happens, as a clause. */
  readonly change: string;
  /** Where it stands, as a sentence. */
  readonly why: string;
}

const DAY_MS = 86_400_000;
/** Behind every day. */
const NEVER = "9999-12-31";

/** A change before it is seen from a certain time. */
export interface RawChange extends Pick<Change, "subject" | "change" | "why"> {
  readonly at: Date | undefined;
}

/** A change as seen at `now`. */
export function toChange({ at, ...change }: RawChange, now: Date): Change {
  return at === undefined
    ? { day: null, daysLeft: null, ...change }
    : { day: dayOf(at), daysLeft: Math.floor((at.getTime() - now.getTime()) / DAY_MS), ...change };
}

/** Order by day; those without one last. */
export function byDay(one: Change, other: Change): number {
  const order = (one.day ?? NEVER).localeCompare(other.day ?? NEVER);
  return order === 0 ? one.subject.localeCompare(other.subject) : order;
}

/** `YYYY-MM-DD` in UTC. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, "YYYY-MM-DD".length);
}
