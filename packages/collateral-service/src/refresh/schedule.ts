import { parseDuration } from "@sealserve/config";
import { nextMoment, parseCron } from "./cron.ts";
import { ScheduleError } from "./schedule-error.ts";

/** When a refresh is due. */
export interface Schedule {
  /** The first moment after `after`. */
  next(after: Date): Date;
}

const MIN_INTERVAL_SECONDS = 60;

/**
 * Reads a schedule: a cron expression of six fields, or an interval such as `12h`.
 * @throws ScheduleError also for a moment that never comes
 */
export function parseSchedule(text: string): Schedule {
  if (!/\s/.test(text.trim())) {
    const interval = readInterval(text);
    return { next: (after) => new Date(after.getTime() + interval) };
  }
  const cron = parseCron(text);
  const next = (after: Date): Date => {
    const moment = nextMoment(cron, after);
    if (moment === undefined) {
      throw new ScheduleError(text, "its day never comes");
    }
    return moment;
  };
  next(new Date());
  return { next };
}

function readInterval(text: string): number {
  const seconds = parseDuration(text.trim());
  if (seconds === undefined || seconds < MIN_INTERVAL_SECONDS) {
    throw new ScheduleError(text, "its interval is no duration, or too short");
  }
  return seconds * 1000;
}
