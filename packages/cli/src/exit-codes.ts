/** Exit codes of the commands; they are part of the command line's contract. */
export const EXIT = {
  accepted: 0,
  internal: 1,
  /** Usage, configuration, or something on this machine that the caller has to set right. */
  usage: 2,
  /** Genuine, but the policy says no. */
  refused: 10,
  /** Forged, damaged, or not what its signature says. */
  notGenuine: 20,
  /** The endorsements needed to judge are missing or stale. */
  collateral: 30,
  /** Ended by Ctrl-C, by shell convention 128 + SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
