/** Longest delay that `setTimeout` takes, milliseconds. It takes a longer one for none. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
