import { type ErrorDetails, SealserveError } from "@sealserve/core";

/** Codes of a broker that does not start. */
export type BrokerStartCode =
  /** A policy names no software, so it would release keys to any. */
  | "policy-unpinned"
  | "policy-invalid"
  | "file-unreadable"
  /** The TLS key and certificate cannot be used, or not together. */
  | "tls-invalid"
  | "wrap-key-invalid"
  /** A secret that no enclave could take in the format that the configuration names. */
  | "secret-invalid"
  /** CCZoo's rules cannot be read for certain. */
  | "ra-config-invalid"
  /** CCZoo's rules accept any software. */
  | "ra-config-unpinned"
  | "owner-key-invalid"
  /** The manifest of a sealed package is missing, not the owner's, of another model or too old. */
  | "package-invalid"
  | "root-invalid"
  | "collateral-invalid"
  /** What the broker remembers of collateral cannot be read. */
  | "collateral-memory-invalid"
  | "audit-log-unwritable"
  | "port-unavailable";

/** Codes of a broker that runs. */
export type BrokerRunCode =
  | "collateral-memory-unwritable"
  /** The configuration was read again and cannot be used; nothing is released until it can. */
  | "configuration-unusable";

/** Codes of a request for a key that got none. */
export type ReleaseRequestCode =
  /** The broker judged and refused; its owner's log says why under the refusal's id. */
  | "release-refused"
  /** The broker had no collateral to judge with; later it may. */
  | "collateral-unavailable"
  | "broker-unreachable"
  /** The broker's certificate does not come from the pinned authority, or is for another name. */
  | "broker-not-trusted"
  /** The broker's answer is not what the protocol requires. */
  | "broker-answer-invalid"
  | "invalid-argument";

/** Codes of {@link BrokerError}. */
export type BrokerErrorCode = BrokerStartCode | BrokerRunCode | ReleaseRequestCode;

/** The broker does not start, or a key was not released. */
export class BrokerError extends SealserveError<BrokerErrorCode> {
  /** Under this id the broker's audit log tells its owner why it refused. */
  readonly refusalId: string | undefined;

  constructor(code: BrokerErrorCode, message: string, details: ErrorDetails & { refusalId?: string } = {}) {
    super(code, message, details);
    this.refusalId = details.refusalId;
  }
}
