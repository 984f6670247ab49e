import { ServingError } from "@sealserve/protocol";

import { ModelError, type ModelErrorCode } from "../errors.ts";

/** A ModelError as it crosses between threads, which would make a plain Error of it. Its cause stays behind. */
export type PlainModelError = ErrorText & { readonly kind: "model"; readonly code: ModelErrorCode };

/** The same for either kind of error that this package throws. */
export type PlainError = PlainModelError | (ErrorText & { readonly kind: "serving"; readonly code: ServingCode });

interface ErrorText {
  readonly message: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly remedy: string | undefined;
}

type ServingCode = ConstructorParameters<typeof ServingError>[0];

export function toPlainModelError(error: ModelError): PlainModelError {
  return { ...textOf(error), kind: "model", code: error.code };
}

export function fromPlainModelError(error: PlainModelError): ModelError {
  return new ModelError(error.code, error.message, error);
}

/** The error in the form that crosses. */
export function toPlainError(error: ModelError | ServingError): PlainError {
  return error instanceof ModelError
    ? toPlainModelError(error)
    : { ...textOf(error), kind: "serving", code: error.code as ServingCode };
}

/** The error with its class. */
export function fromPlainError(error: PlainError): ModelError | ServingError {
  return error.kind === "model" ? fromPlainModelError(error) : new ServingError(error.code, error.message, error);
}

function textOf({ message, expected, actual, remedy }: ModelError | ServingError): ErrorText {
  return { message, expected, actual, remedy };
}
