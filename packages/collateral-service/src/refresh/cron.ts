import { ScheduleError } from "./schedule-error.ts";

/** A moment that comes again and again, in six fields of a cron expression; times are those of the process's time zone. */
export interface CronExpression {
  readonly seconds: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  /** 1 is January. */
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly daysOfWeek: ReadonlySet<number>;
  /** Both kinds of days are limited: a day counts by either then, as in every cron. */
  readonly eitherDay: boolean;
}

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const FIELDS: readonly Field[] = [
  { name: "second", from: 0, to: 59 },
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12 },
  { name: "day of week", from: 0, to: 7 },
];
const PART = /^(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:\/([0-9]{1,2}))?$/;
const SUNDAY = 7;
/** 29 February comes at least once in eight years. */
const HORIZON_DAYS = 8 * 366;

/**
 * Reads six fields, seconds first, as the reference service's `RefreshSchedule` has them: numbers, `*`, ranges, lists and
 * steps. Five fields begin with the minute, as in most crons.
 * @throws ScheduleError
 */
export function parseCron(text: string): CronExpression {
  const parts = text.trim().split(/\s+/);
  const six = parts.length === FIELDS.length - 1 ? ["0", ...parts] : parts;
  if (six.length !== FIELDS.length) {
    throw new ScheduleError(text, `it has ${parts.length} fields`);
  }
  const [seconds, minutes, hours, daysOfMonth, months, daysOfWeek] = FIELDS.map((field, index) =>
    readField(six[index] as string, field, text),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  const days = new Set([...daysOfWeek].map((day) => day % SUNDAY));
  const eitherDay = !(six[3] as string).startsWith("*") && !(six[5] as string).startsWith("*");
  return { seconds, minutes, hours, daysOfMonth, months, daysOfWeek: days, eitherDay };
}

function readField(text: string, field: Field, whole: string): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const { start, end, step } = readPart(part, field, whole);
    for (let value = start; value <= end; value += step) {
      values.add(value);
    }
  }
  return values;
}

interface Part {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function readPart(part: string, { name, from, to }: Field, whole: string): Part {
  const match = PART.exec(part);
  const [first, last, step] = match?.slice(1).map((value) => (value === undefined ? undefined : Number(value))) ?? [];
  const start = first ?? from;
  // `5/10` goes on to the end, `5` stands alone.
  const end = last ?? (first === undefined || step !== undefined ? to : start);
  if (match === null || start < from || end > to || start > end || step === 0) {
    throw new ScheduleError(whole, `its ${name} is ${part === "" ? "empty" : `"${part.slice(0, 32)}"`}`);
  }
  return { start, end, step: step ?? 1 };
}

/** The first moment after `after` that fits; undefined for a day that never comes, such as 30 February. */
export function nextMoment(cron: CronExpression, after: Date): Date | undefined {
  const day = new Date(after);
  day.setHours(0, 0, 0, 0);
  for (let count = 0; count <= HORIZON_DAYS; count += 1) {
    const found = fitsDay(cron, day) ? firstOf(cron, day, after) : undefined;
    if (found !== undefined) {
      return found;
    }
    day.setDate(day.getDate() + 1);
  }
  return undefined;
}

function fitsDay({ months, daysOfMonth, daysOfWeek, eitherDay }: CronExpression, day: Date): boolean {
  const byMonth = daysOfMonth.has(day.getDate());
  const byWeek = daysOfWeek.has(day.getDay());
  return months.has(day.getMonth() + 1) && (eitherDay ? byMonth || byWeek : byMonth && byWeek);
}

/** The first fitting moment of one day after `after`. */
function firstOf({ hours, minutes, seconds }: CronExpression, day: Date, after: Date): Date | undefined {
  for (const hour of sorted(hours)) {
    for (const minute of sorted(minutes)) {
      for (const second of sorted(seconds)) {
        const moment = new Date(day);
        moment.setHours(hour, minute, second);
        if (moment > after) {
          return moment;
        }
      }
    }
  }
  return undefined;
}

function sorted(values: ReadonlySet<number>): number[] {
  return [...values].sort((one, other) => one - other);
}
