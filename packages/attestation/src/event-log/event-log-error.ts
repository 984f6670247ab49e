import { AttestationError } from "../errors.ts";

/** The refusal of a log that is not what its format requires. */
export function malformedLog(fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError("event-log-malformed", fault, { expected, actual });
}

/** Refuses a log before it is read, by its bytes or its characters. */
export function expectLogLength({ length }: Uint8Array | string, maximum: number): void {
  if (length > maximum) {
    throw new AttestationError("event-log-too-large", "event log is larger than any real one", {
      expected: `at most ${maximum}`,
      actual: `${length}`,
    });
  }
}
