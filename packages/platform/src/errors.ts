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
