import { type ErrorDetails, SealserveError } from "@sealserve/core";
import { ProtocolError } from "../errors.ts";
import { type GrpcCodeName, grpcCodes } from "./code.ts";

/**
 * What a model server answers when a call fails: a gRPC status. The message goes to the caller, and as in TensorFlow
 * Serving it can quote the caller's own input: it must never be logged.
 */
export class ServingError extends SealserveError<GrpcCodeName> {
  constructor(code: Exclude<GrpcCodeName, "OK">, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
  }

  /** Number of the code on the wire. */
  get grpcCode(): number {
    return grpcCodes[this.code].number;
  }

  /** Status of an HTTP answer with this error. */
  get httpStatus(): number {
    return grpcCodes[this.code].http;
  }
}

/**
 * The status to answer for anything thrown while a call was served: a {@link ServingError} as it is, a malformed message
 * as INVALID_ARGUMENT, and everything else as INTERNAL without a word about the cause.
 */
export function servingErrorOf(error: unknown): ServingError {
  if (error instanceof ServingError) {
    return error;
  }
  if (error instanceof ProtocolError) {
    return new ServingError("INVALID_ARGUMENT", error.message, { cause: error });
  }
  return new ServingError("INTERNAL", "Internal error", { cause: error });
}

/** INVALID_ARGUMENT, the code of nearly every refusal of a request's content. */
export function invalidArgument(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
