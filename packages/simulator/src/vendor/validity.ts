const DAY_MS = 24 * 3600 * 1000;

/** Days between two issues of the vendor's documents and revocation lists. */
export const DOCUMENT_DAYS = 30;

/** When a document says it was issued and when the next one comes, in whole seconds. */
export interface Window {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
}

/** The window of a document issued now; seconds are cut, so that it is never issued in the future. */
export function windowFrom(now: Date): Window {
  const issueDate = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return { issueDate, nextUpdate: new Date(issueDate.getTime() + DOCUMENT_DAYS * DAY_MS) };
}

/** The day before `now`, from which certificates are valid: clocks of other machines may be late. */
export function dayBefore(now: Date): Date {
  return new Date(now.getTime() - DAY_MS);
}

/** The same day, `years` later. */
export function yearsAfter(now: Date, years: number): Date {
  const later = new Date(now);
  later.setUTCFullYear(later.getUTCFullYear() + years);
  return later;
}
