import { SealserveError } from "@sealserve/core";

/** Codes of {@link ProtocolError}. */
export type ProtocolErrorCode =
  | "truncated"
  | "bad-varint"
  | "bad-wire-type"
  | "bad-field-number"
  | "bad-utf8"
  | "bad-packed-field"
  | "bad-value"
  | "oneof-conflict"
  | "too-deep"
  | "too-large"
  | "too-many-elements"
  | "bad-shape"
  | "bad-tensor"
  | "unsupported-dtype"
  | "bad-answer"
  | "bad-text-format"
  | "bad-ssl-config";

/** A message, tensor or answer that breaks its format or the limits set for it. */
export class ProtocolError extends SealserveError<ProtocolErrorCode> {}
