import type { SqlConnection, SqlDatabase } from "../sql/database.ts";
import { readFact, writeFact } from "../sql/schema.ts";
import type { Schedule } from "./schedule.ts";

const STARTED = "refresh-started";
const FINISHED = "refresh-finished";

/** How long a refresh may take before it counts as abandoned, and how long one that failed waits. */
export const LEASE_MS = 15 * 60_000;

/** Clocks of replicas are not the same to the second. */
const CLOCKS_APART_MS = 5 * 60_000;

/**
 * Takes on the refresh that is due, for all who share the database: of several that try at the same time one gets it. It is
 * due by the schedule since the last one was started, or when that one was not finished within its lease.
 *
 * @param since from when on the schedule counts where none was ever started; no later than `now`, or none is due
 */
export function claimRefresh(database: SqlDatabase, schedule: Schedule, now: Date, since: Date): Promise<boolean> {
  return database.write(async (connection) => {
    const isDue = (await nextRefresh(connection, schedule, { now, since })) <= now;
    if (isDue) {
      await writeFact(connection, STARTED, now.getTime());
    }
    return isDue;
  });
}

/** Notes that the refresh which was claimed is done. */
export function finishRefresh(database: SqlDatabase, now: Date): Promise<void> {
  return database.write((connection) => writeFact(connection, FINISHED, now.getTime()));
}

/**
 * When the next refresh is due. One that was started in time to come was so by a wrong clock, and does not count: nothing would
 * be refreshed until then. Nor does one that was finished in time to come: every one that fails would seem finished (threat A5).
 * @param since as for {@link claimRefresh}
 */
export async function nextRefresh(
  connection: SqlConnection,
  schedule: Schedule,
  { now, since }: { readonly now: Date; readonly since: Date },
): Promise<Date> {
  const latest = now.getTime() + CLOCKS_APART_MS;
  const started = await readFact(connection, STARTED);
  if (started === undefined || started > latest) {
    return schedule.next(since);
  }
  const usual = schedule.next(new Date(started));
  const finished = (await readFact(connection, FINISHED)) ?? 0;
  const isFinished = finished >= started && finished <= latest;
  const again = new Date(started + LEASE_MS);
  return isFinished || usual < again ? usual : again;
}
