import type { TeeKind } from "@sealserve/attestation";
import type { FailedClaim } from "../release/decision.ts";

/** The ways to ask for a key. */
export type ReleaseProtocol = "sealserve" | "gramine-secret-provisioning";

/** The steps of an attempt, in their order. */
export const RELEASE_STEPS = [
  "request",
  "challenge",
  "parse-evidence",
  "compare-report-data",
  "verify-signature",
  "collateral",
  "verify-evidence",
  "decide",
  "send",
] as const;

/** One of {@link RELEASE_STEPS}. */
export type ReleaseStep = (typeof RELEASE_STEPS)[number];

/** What became of one attempt to get a key: each with proven evidence, some of the others. Holds no secret and nothing of unbounded size. */
export interface AttemptRecord {
  readonly kind: "release-attempt";
  /** The only thing a refused caller learns beside the refusal. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly protocol: ReleaseProtocol;
  /** Address and port. */
  readonly peer: string;
  /** The model asked for, or the one released; null when none was named. */
  readonly model: string | null;
  /** Whether a key was asked for at a start, or to renew the lease of one; proven with the evidence. */
  readonly asked: "key" | "renewal";
  /** `failed` is a fault on the broker's side, such as missing collateral; nothing was judged then. */
  readonly outcome: "released" | "refused" | "failed";
  /** The step that the attempt ended at. */
  readonly step: ReleaseStep;
  /** Code of the check that ended it; null when released. */
  readonly code: string | null;
  readonly message: string | null;
  /** Whether the fields below are proven; otherwise they are the caller's word. */
  readonly genuine: boolean;
  readonly tee: TeeKind | null;
  /** Measurements by their names, lower-case hex. */
  readonly software: Readonly<Record<string, string>> | null;
  readonly tcbStatus: string | null;
  /** The claims of the policy that the evidence does not meet. */
  readonly failedClaims: readonly FailedClaim[];
  /** Whether everything said here rests on a simulated root. */
  readonly simulated: boolean;
}

/** Something the owner should know beside the attempts. */
export interface NoticeRecord {
  readonly kind: "notice";
  readonly time: string;
  readonly message: string;
  readonly simulated: boolean;
}

/** One line of the broker's log. */
export type LogRecord = AttemptRecord | NoticeRecord;

/**
 * Receives every record as it happens. A promise that it gives ends when the record has been written, and fails when it
 * cannot be.
 */
export type BrokerLog = (record: LogRecord) => unknown;

/** A log whose failures hold nothing back. */
export function tolerant(log: BrokerLog): (record: LogRecord) => Promise<void> {
  return async (record) => {
    try {
      await log(record);
    } catch {
      // What it says is lost, what the broker does is not.
    }
  };
}
