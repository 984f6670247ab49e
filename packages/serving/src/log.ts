import { SealserveError } from "@sealserve/core";
import type { ServingError } from "@sealserve/protocol";

/** Receives what happens, as an event name and plain fields. Never request data, keys or model content. */
export type Log = (event: string, fields: Readonly<Record<string, string | number | boolean>>) => void;

/** Code of a failure, which is all that a log says of one; `internal` for one without. */
export function codeOf(error: unknown): string {
  return error instanceof SealserveError ? error.code : "internal";
}

/** The same log, whose own failures stay with it: what happens goes on, be it written down or not. */
export function withoutThrowing(log: Log): Log {
  return (event, fields) => {
    try {
      log(event, fields);
    } catch {
      // There is nowhere to tell it.
    }
  };
}

/** Logs the kind of an unforeseen failure. Its text stays out: it may quote the request. */
export function logUnexpected(failure: ServingError, log: Log): void {
  const { cause } = failure;
  if (failure.code === "INTERNAL" && cause !== undefined) {
    const error = cause instanceof Error ? cause.name : typeof cause;
    log("request-failed", cause instanceof SealserveError ? { error, code: cause.code } : { error });
  }
}
