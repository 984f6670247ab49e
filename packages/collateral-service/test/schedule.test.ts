import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSchedule } from "../src/refresh/schedule.ts";

const at = (text: string): Date => new Date(text);
const next = (schedule: string, after: string): string => {
  const moment = parseSchedule(schedule).next(at(after));
  const pad = (value: number): string => `${value}`.padStart(2, "0");
  const day = `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())}`;
  return `${day}T${pad(moment.getHours())}:${pad(moment.getMinutes())}:${pad(moment.getSeconds())}`;
};

for (const [schedule, after, expected] of [
  ["0 0 1 * * *", "2026-01-02T00:59:59", "2026-01-02T01:00:00"],
  ["0 0 1 * * *", "2026-01-02T01:00:00", "2026-01-03T01:00:00"],
  ["0 1 * * *", "2026-12-31T02:00:00", "2027-01-01T01:00:00"],
  ["*/20 * * * * *", "2026-01-02T00:00:20", "2026-01-02T00:00:40"],
  ["5/30 10-12 3,4 * * *", "2026-01-02T03:12:35", "2026-01-02T04:10:05"],
  ["0 0 0 29 2 *", "2026-03-01T00:00:00", "2028-02-29T00:00:00"],
  ["0 0 0 * * 7", "2026-01-01T00:00:00", "2026-01-04T00:00:00"],
  ["0 0 0 13 * 5", "2026-01-01T00:00:00", "2026-01-02T00:00:00"],
  ["12h", "2026-01-02T01:02:03", "2026-01-02T13:02:03"],
] as const) {
  test(`"${schedule}" comes after ${after} at ${expected}`, () => {
    assert.equal(next(schedule, after), expected);
  });
}

for (const [schedule, why] of [
  ["", "empty"],
  ["0 0 1 * *  * *", "seven fields"],
  ["* * * *", "four fields"],
  ["60 0 1 * * *", "a second that does not exist"],
  ["0 0 24 * * *", "an hour that does not exist"],
  ["0 0 1 0 * *", "a day that does not exist"],
  ["0 0 0 30 2 *", "a date that never comes"],
  ["0 0 5-4 * * *", "a range from back to front"],
  ["0 */0 1 * * *", "a step of nothing"],
  ["0 0 1,, * * *", "an empty part"],
  ["0 0 -1 * * *", "a number below nothing"],
  ["0 0 1 * JAN *", "a name"],
  ["59s", "an interval below a minute"],
  ["12", "an interval without a unit"],
  ["hourly", "a word"],
] as const) {
  test(`a schedule with ${why} is refused`, () => {
    assert.throws(() => parseSchedule(schedule), { name: "ScheduleError", code: "schedule-invalid" });
  });
}
