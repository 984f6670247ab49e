import { SealserveError } from "@sealserve/core";

/** A text that is no schedule. */
export class ScheduleError extends SealserveError<"schedule-invalid"> {
  /** @param fault what is wrong with it, as a clause */
  constructor(text: string, fault: string) {
    super("schedule-invalid", `the refresh schedule cannot be used: ${fault}`, {
      expected: "six fields of a cron expression, seconds first, or a duration of at least a minute such as 12h",
      actual: text.slice(0, 64),
      remedy: 'use "0 0 1 * * *" for every night at one',
    });
  }
}
