import type { TrustedRoot } from "../trust/trusted-root.ts";

/** What a verification takes from outside: it reads no clock and knows no root by itself. */
export interface VerifyOptions {
  /** Time of verification, from a source that the party under test cannot set. */
  readonly now: Date;
  readonly root: TrustedRoot;
}
