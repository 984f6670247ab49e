import type { Appraisal } from "@sealserve/attestation";
import { type ErrorDetails, SealserveError } from "@sealserve/core";

/** Codes of {@link ClientError}. */
export type ClientErrorCode =
  /** The node's address or the given certificates cannot be used. */
  | "bad-target"
  /** No connection, or it broke. */
  | "unreachable"
  /** The server's certificate does not lead to the given authority, or names another server. */
  | "chain-not-trusted"
  /** The server speaks, but not TLS 1.3 with the wanted protocol. */
  | "tls-refused"
  /** The server gave no evidence. */
  | "evidence-missing"
  /** The evidence could not be judged: its collateral cannot be had, or is out of date. */
  | "collateral-unavailable"
  /** The evidence is of a kind of TEE that this client has no collateral for. */
  | "evidence-unsupported"
  /** The evidence is not what it says it is. */
  | "evidence-not-genuine"
  /** Genuine evidence of something the policy does not accept; see {@link EvidenceRefusedError}. */
  | "evidence-refused"
  /** The node proves that it serves another model or package than the one pinned. */
  | "package-not-accepted"
  /** The server's answer breaks its protocol. */
  | "bad-answer";

/** The node was not reached or not trusted, or its answer is unusable. No request data was sent to a node not trusted. */
export class ClientError extends SealserveError<ClientErrorCode> {}

/** Genuine evidence that the policy refuses, claim by claim. */
export class EvidenceRefusedError extends ClientError {
  readonly appraisal: Appraisal;

  constructor(message: string, appraisal: Appraisal, details: ErrorDetails = {}) {
    super("evidence-refused", message, details);
    this.appraisal = appraisal;
  }
}
