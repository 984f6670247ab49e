import { AttestationError, type WindowErrorCode } from "../errors.ts";

/** When a certificate or document counts; both ends belong to the window. */
export interface Window {
  /** Names the document, for messages. */
  readonly what: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly early: WindowErrorCode;
  readonly late: WindowErrorCode;
}

/**
 * Refuses when `now` lies outside any of the windows.
 * @throws AttestationError the code of the first window that fails; `clock-invalid` for a date without a time value
 */
export function expectCurrent(windows: readonly Window[], now: Date): void {
  if (Number.isNaN(now.getTime())) {
    throw new AttestationError("clock-invalid", "time of verification is not a date");
  }
  for (const { what, notBefore, notAfter, early, late } of windows) {
    if (now < notBefore) {
      throw new AttestationError(early, `${what} is not valid yet`, {
        expected: `a time from ${notBefore.toISOString()}`,
        actual: now.toISOString(),
        remedy: "check the clock",
      });
    }
    if (now > notAfter) {
      throw new AttestationError(late, `${what} has expired`, {
        expected: `a time up to ${notAfter.toISOString()}`,
        actual: now.toISOString(),
        remedy: "fetch current collateral and check the clock",
      });
    }
  }
}

/** The first moment at which one of the windows closes. */
export function earliestEnd(windows: readonly Window[]): Date {
  return new Date(Math.min(...windows.map((window) => window.notAfter.getTime())));
}
