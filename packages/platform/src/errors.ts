import { SealserveError } from "@sealserve/core";

/** Codes of {@link PlatformError}. */
export type PlatformErrorCode =
  | "attestation-directory-missing"
  | "attestation-type-missing"
  | "attestation-disabled"
  | "attestation-type-unsupported"
  | "report-data-not-written"
  | "quote-missing"
  | "quote-not-made"
  | "quote-empty"
  | "quote-too-long"
  | "quote-malformed"
  | "quote-not-for-report-data"
  | "quote-timeout"
  /** Too many are asked for and not made yet. */
  | "quotes-pending"
  /** Linux offers no report interface where it was looked for. */
  | "tsm-directory-missing"
  | "tsm-not-permitted"
  /** No driver makes reports, or it went away. */
  | "tsm-provider-missing"
  /** The driver is not that of the asked kind of TEE. */
  | "tsm-provider-mismatch"
  /** The entry, or an attribute of it, is not there or says nothing usable. */
  | "tsm-attribute-missing"
  | "tsm-busy"
  /** Someone else wrote to the entry in between, or the kernel dropped what was written. */
  | "tsm-generation-changed"
  | "tsm-privilege-level-refused"
  /** Not exactly one platform is there to be chosen. */
  | "platform-undecided"
  | "bad-report-data"
  | "platform-closed"
  | "platform-unreachable"
  | "platform-refused"
  | "bad-message"
  | "message-too-long";

/** The machine below cannot give evidence, or gave something that is none. */
export class PlatformError extends SealserveError<PlatformErrorCode> {}

/** The system's error name (`ENOENT`, `EACCES`, …) of a failed file or socket operation. */
export function systemErrorName(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown";
}
