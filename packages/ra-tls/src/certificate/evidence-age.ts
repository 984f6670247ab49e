import { RaTlsError } from "../errors.ts";

/** How far the clock of whoever made the evidence may be ahead. */
const MAX_CLOCK_LEAD_MS = 5 * 60_000;

/** A limit on the age of evidence. */
export interface EvidenceAge {
  /** Milliseconds between the time that the evidence covers and now. */
  readonly maxMs: number;
  readonly now: () => Date;
}

/**
 * Refuses evidence that is older than the limit or does not say when it was made: whoever stole the key of a certificate
 * could use the evidence in it for ever. Within the limit she still can; only evidence over a fresh nonce stops that.
 * @throws RaTlsError `evidence-age-unknown`, `evidence-too-old`, `evidence-from-future`
 */
export function expectYoungEvidence(issuedAt: Date | undefined, { maxMs, now }: EvidenceAge): void {
  if (issuedAt === undefined) {
    throw new RaTlsError("evidence-age-unknown", "the evidence does not say when it was made", {
      expected: "a claim of its time",
      remedy: "make the peer's certificate with issuedAt, or set no limit on the age for this peer",
    });
  }
  const age = now().getTime() - issuedAt.getTime();
  const details = { expected: `made within the last ${maxMs} ms`, actual: issuedAt.toISOString() };
  if (age < -MAX_CLOCK_LEAD_MS) {
    throw new RaTlsError("evidence-from-future", "the evidence was made later than now", details);
  }
  // Written so that an age or limit that is no number refuses.
  if (!(age <= maxMs)) {
    throw new RaTlsError("evidence-too-old", "the evidence is older than the limit", details);
  }
}
