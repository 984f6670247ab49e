import { setTimeout } from "node:timers/promises";
import type { CollateralFill } from "../fill.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { claimRefresh, finishRefresh, nextRefresh } from "./claim.ts";
import { isNotFound } from "./refresh-stored.ts";
import type { Schedule } from "./schedule.ts";

/** What a scheduled refresh works with. */
export interface ScheduledRefreshOptions {
  readonly database: SqlDatabase;
  readonly fill: CollateralFill;
  readonly schedule: Schedule;
  readonly now: () => Date;
  /** Told how each refresh ended. */
  readonly onRefresh: (outcome: { readonly refreshed: number } | { readonly error: unknown }) => void;
  /** Longest random delay of a refresh, so that the services of many machines do not all come at once. Default 30 s. */
  readonly jitterMs?: number;
}

/** Runs until it is stopped. */
export interface ScheduledRefresh {
  /** Resolves when no refresh is running any more. */
  stop(): Promise<void>;
}

const JITTER_MS = 30_000;
/** The clock may be set, and another replica may have done what was planned here. */
const LONGEST_SLEEP_MS = 3_600_000;

/**
 * Refreshes every stored document when the schedule says so. Replicas over one database share each refresh: whoever claims it
 * first does it. One that fails keeps what is stored, and is due again after a while.
 */
export function startScheduledRefresh(options: ScheduledRefreshOptions): ScheduledRefresh {
  const stopped = new AbortController();
  const running = keepRefreshing(options, stopped.signal);
  return {
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}

async function keepRefreshing(options: ScheduledRefreshOptions, stopped: AbortSignal): Promise<void> {
  const { database, schedule, now, onRefresh, jitterMs = JITTER_MS } = options;
  let since = now();
  while (!stopped.aborted) {
    since = earlier(since, now()); // a clock that was ahead at the start would put the first refresh off until then (threat A5)
    try {
      const due = await database.read((connection) => nextRefresh(connection, schedule, { now: now(), since }));
      await sleep(Math.max(0, due.getTime() - now().getTime()) + Math.random() * jitterMs, stopped);
      if (!stopped.aborted && (await claimRefresh(database, schedule, now(), since))) {
        await refreshClaimed(options);
      }
    } catch (error) {
      onRefresh({ error });
      await sleep(JITTER_MS, stopped);
    }
  }
}

async function refreshClaimed({ database, fill, now, onRefresh }: ScheduledRefreshOptions): Promise<void> {
  try {
    const summary = await fill.refresh({ kind: "documents" });
    await finishRefresh(database, now());
    onRefresh(summary);
  } catch (error) {
    if (isNotFound(error)) {
      await finishRefresh(database, now()); // upstream has it no more: asking for everything again soon would not bring it back
    }
    throw error;
  }
}

function earlier(one: Date, other: Date): Date {
  return other < one ? other : one;
}

async function sleep(milliseconds: number, stopped: AbortSignal): Promise<void> {
  // It ends by being aborted too.
  await setTimeout(Math.min(milliseconds, LONGEST_SLEEP_MS), undefined, { signal: stopped }).catch(() => undefined);
}
