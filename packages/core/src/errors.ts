/** What a {@link SealserveError} can carry beside its code and message. */
export interface ErrorDetails {
  /** What the code wanted to see. */
  readonly expected?: string | undefined;
  /** What came instead. Never secret material, never request data. */
  readonly actual?: string | undefined;
  /** What the person who reads this can do about it. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Base of every error that Sealserve raises on purpose. `code` comes from the closed list of the package that throws;
 * callers switch on it and never parse messages.
 */
export class SealserveError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.expected = details.expected;
    this.actual = details.actual;
    this.remedy = details.remedy;
  }
}

/** Codes of {@link CoreError}. */
export type CoreErrorCode =
  | "truncated"
  | "trailing-bytes"
  | "bad-hex"
  | "bad-base64"
  | "bad-utf8"
  | "bad-json"
  | "bad-der"
  | "bad-pem"
  | "bad-certificate"
  | "bad-crl"
  | "bad-key"
  | "unsupported-algorithm";

/** Malformed bytes or text: the input is not what its format requires. */
export class CoreError extends SealserveError<CoreErrorCode> {}

/** What `read` returns, or `undefined` when it finds the input malformed. */
export function undefinedIfMalformed<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CoreError) {
      return undefined;
    }
    throw error;
  }
}
