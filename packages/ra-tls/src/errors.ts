import { SealserveError } from "@sealserve/core";

/** Codes of {@link RaTlsError}. */
export type RaTlsErrorCode =
  /** The CBOR is not what tagged evidence allows, or something stands behind it. */
  | "bad-cbor"
  /** The certificate carries no evidence. */
  | "no-evidence"
  /** The certificate carries evidence more than once in the same form. */
  | "ambiguous-evidence"
  /** The evidence is too short, too long, or its wrapping is wrong. */
  | "bad-evidence"
  /** The certificate's key is none that an enclave makes. */
  | "unsupported-key"
  /** The claims do not name the certificate's key. */
  | "key-not-bound"
  /** A field of an evidence statement has the wrong length or is missing. */
  | "bad-statement"
  /** The connection is not TLS 1.3, or not established. */
  | "bad-channel"
  /** A request for evidence or its answer is malformed. */
  | "bad-message";

/** A certificate or message that cannot serve as proof. */
export class RaTlsError extends SealserveError<RaTlsErrorCode> {}
