import type { TrustedRoot } from "../trust/trusted-root.ts";
import type { Clock } from "./window.ts";

/** What a verification takes from outside: it reads no clock and knows no root by itself. */
export interface VerifyOptions extends Clock {
  readonly root: TrustedRoot;
}
