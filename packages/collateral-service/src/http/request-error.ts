import { SealserveError } from "@sealserve/core";

/** Codes of {@link RequestError}: why a request is not answered with what it asks for. */
export type RequestErrorCode =
  | "invalid-request"
  | "unauthenticated"
  | "not-cached"
  | "unknown-path"
  | "version-ended"
  | "evaluation-ended"
  | "too-large"
  | "not-proven"
  | "unknown-platform"
  | "too-many-requests"
  | "unavailable";

/** A request that is refused. The caller gets its status and one fixed sentence; the message is for the log. */
export class RequestError extends SealserveError<RequestErrorCode> {}

/** For everything that is wrong with what the caller sent. */
export function invalid(what: string): RequestError {
  return new RequestError("invalid-request", what);
}
