import { SealserveError } from "@sealserve/core";

/** Codes of {@link RaTlsError}. */
export type RaTlsErrorCode =
  /** The CBOR is not what tagged evidence allows, or something stands behind it. */
  | "bad-cbor"
  /** The certificate is larger than any that carries evidence. */
  | "certificate-too-large"
  /** The certificate carries no evidence. */
  | "no-evidence"
  /** The certificate carries evidence more than once in the same form. */
  | "ambiguous-evidence"
  /** The evidence is too short, too long, or its wrapping is wrong. */
  | "bad-evidence"
  /** The certificate's key is none that an enclave makes. */
  | "unsupported-key"
  /** The evidence, or its claims, do not speak for the certificate's key. */
  | "key-not-bound"
  /** The evidence does not say when it was made. */
  | "evidence-age-unknown"
  /** The evidence was made longer ago than the verifier accepts. */
  | "evidence-too-old"
  /** The evidence says that it was made later than now. */
  | "evidence-from-future"
  /** The lifetime of an identity is not a number of milliseconds. */
  | "bad-lifetime"
  /** The peer presented no certificate. */
  | "no-certificate"
  /** The peer presented a certificate for a key of this very end. */
  | "own-certificate"
  /** The connection ended, or nothing happened on it in time, before the peer was verified. */
  | "peer-lost"
  /** As many peers are being verified, altogether or from one address, as a server's caps allow connections. */
  | "too-many-verifications"
  /** A field of an evidence statement has the wrong length or is missing. */
  | "bad-statement"
  /** The connection is not of the kind that is needed, or not established. */
  | "bad-channel"
  /** A request for evidence or its answer is malformed. */
  | "bad-message";

/** A certificate or message that cannot serve as proof. */
export class RaTlsError extends SealserveError<RaTlsErrorCode> {}
