import { AttestationError } from "../errors.ts";
import { isVerifiedEvidence, type VerifiedEvidence } from "../verify/verified-evidence.ts";
import type { MeasurementLog } from "./log-event.ts";
import { matchEventLog, type VerifiedEvent } from "./match-event-log.ts";

/**
 * Proves that a log leads to the registers of a genuine trust domain, and says of each event what that proves: see
 * {@link matchEventLog}.
 * @throws AttestationError `evidence-not-verified` for anything that `verifyEvidence` did not make,
 * `event-log-mismatch` when any of the four registers differs or the evidence is of another kind of TEE,
 * `event-log-malformed`
 */
export async function verifyEventLog(
  log: MeasurementLog,
  evidence: VerifiedEvidence,
): Promise<readonly VerifiedEvent[]> {
  if (!isVerifiedEvidence(evidence)) {
    throw new AttestationError("evidence-not-verified", "only evidence made by verifyEvidence can bear an event log");
  }
  if (evidence.tee !== "tdx") {
    throw new AttestationError("event-log-mismatch", "only trust domains have the registers of this log", {
      expected: "tdx",
      actual: evidence.tee,
    });
  }
  return matchEventLog(log, evidence.report);
}
