import { SealserveError } from "@sealserve/core";

/** Codes of {@link SimulatorError}. */
export type SimulatorErrorCode =
  | "bad-argument"
  | "program-missing"
  | "program-empty"
  | "program-too-large"
  | "program-entry-refused"
  | "program-changed"
  | "state-damaged"
  | "state-exposed"
  | "state-unwritable"
  | "socket-in-use"
  | "socket-refused"
  | "pccs-not-loopback"
  | "pccs-not-started";

/** The simulated vendor or platform cannot do what it was asked. */
export class SimulatorError extends SealserveError<SimulatorErrorCode> {}

/** The system's error name (`ENOENT`, `EACCES`, …) of a failed file or socket operation. */
export function systemErrorName(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown";
}
