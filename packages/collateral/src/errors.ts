import { SealserveError } from "@sealserve/core";

/** Codes of {@link CollateralError}. */
export type CollateralErrorCode =
  | "pccs-url-invalid"
  | "pccs-unreachable"
  | "pccs-timeout"
  | "pccs-refused"
  | "answer-too-large"
  | "bad-answer"
  | "pck-chain-missing"
  | "pck-chain-unusable"
  | "wrong-platform"
  | "rolled-back"
  | "memory-damaged";

/** Collateral that could not be had, or must not be used. */
export class CollateralError extends SealserveError<CollateralErrorCode> {}
