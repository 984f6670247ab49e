import type { FailedClaim } from "./decision.ts";

/** Ends an attempt: the broker judged, and refuses. Never leaves the broker; the caller gets a code class and an id. */
export class Refusal extends Error {
  readonly code: string;
  readonly failedClaims: readonly FailedClaim[];

  constructor(code: string, message: string, failedClaims: readonly FailedClaim[] = []) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.failedClaims = failedClaims;
  }
}
