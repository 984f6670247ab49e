import { AttestationError, type AttestationErrorCode } from "../errors.ts";

const HOUR_MS = 3600 * 1000;

/** The longest grace: a revocation list older than that tells too little. */
export const MAX_GRACE_HOURS = 7 * 24;

/** The time of verification. */
export interface Clock {
  /** From a source that the party under test cannot set. */
  readonly now: Date;
  /**
   * How long after their end documents and revocation lists still count, for a verifier that is cut off from their source:
   * 0 to 168. Default 0. Evidence that rests on it says so, and a policy must allow it.
   */
  readonly graceHours?: number;
}

/** A copy that nobody can change while checks go on. */
export function snapshotClock({ now, graceHours = 0 }: Clock): Required<Clock> {
  return { now: new Date(now), graceHours };
}

/** When a certificate or document counts; both ends belong to the window. */
export interface Window {
  /** Names the document, for messages. */
  readonly what: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly early: AttestationErrorCode;
  readonly late: AttestationErrorCode;
  /** Whether a grace can extend it: documents and lists that are issued anew and again, never certificates. */
  readonly graceable: boolean;
}

/**
 * Refuses when the time of verification lies outside any of the windows.
 * @throws AttestationError the code of the first window that fails; `clock-invalid` for a date without a time value or a
 * grace out of range
 */
export function expectCurrent(windows: readonly Window[], { now, graceHours = 0 }: Clock): void {
  if (Number.isNaN(now.getTime()) || !(graceHours >= 0 && graceHours <= MAX_GRACE_HOURS)) {
    throw new AttestationError("clock-invalid", "time of verification is not a date, or its grace is out of range", {
      expected: `a date, and 0 to ${MAX_GRACE_HOURS} hours of grace`,
      actual: `${now.getTime()}, ${graceHours} hours`,
    });
  }
  for (const window of windows) {
    expectInside(window, now.getTime(), graceHours * HOUR_MS);
  }
}

function expectInside({ what, notBefore, notAfter, early, late, graceable }: Window, now: number, grace: number): void {
  if (now < notBefore.getTime()) {
    throw new AttestationError(early, `${what} is not valid yet`, {
      expected: `a time from ${notBefore.toISOString()}`,
      actual: new Date(now).toISOString(),
      remedy: "check the clock",
    });
  }
  if (now > notAfter.getTime() + (graceable ? grace : 0)) {
    throw new AttestationError(late, `${what} has expired`, {
      expected: `a time up to ${notAfter.toISOString()}`,
      actual: new Date(now).toISOString(),
      remedy: "fetch current collateral and check the clock",
    });
  }
}

/** How long after the end of the first window `now` is, in milliseconds; 0 inside all of them. */
export function overdueMs(windows: readonly Window[], now: Date): number {
  return Math.max(0, now.getTime() - earliestEnd(windows).getTime());
}

/** The first moment at which one of the windows closes. */
export function earliestEnd(windows: readonly Window[]): Date {
  return new Date(Math.min(...windows.map((window) => window.notAfter.getTime())));
}
