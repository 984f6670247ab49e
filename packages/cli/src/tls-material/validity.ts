const DAY_MS = 86_400_000;
/** Clocks differ: certificates begin a little in the past. */
const BACKDATE_MS = 3_600_000;

/** When a certificate holds. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** From an hour before `now` for a number of days, in whole seconds as X.509 has them. */
export function validityFrom(now: Date, days: number): Validity {
  const notBefore = new Date(Math.floor((now.getTime() - BACKDATE_MS) / 1000) * 1000);
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * DAY_MS) };
}
