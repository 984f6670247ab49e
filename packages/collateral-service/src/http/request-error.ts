import { SealserveError } from "@sealserve/core";

/** Codes of {@link RequestError}: why a request is not answered with what it asks for. */
export type RequestErrorCode =
  | "invalid-request"
  | "unauthenticated"
  | "not-cached"
  | "unknown-path"
  | "method-refused"
  | "media-type-refused"
  | "version-ended"
  | "evaluation-ended"
  | "too-large"
  | "not-proven"
  | "unknown-platform"
  | "too-many-requests"
  | "too-many-misses"
  | "unavailable";

/** A request that is refused. The caller gets its status and one fixed sentence; the message is for the log. */
export class RequestError extends SealserveError<RequestErrorCode> {}

/** A method that a path does not have, where the service is strict. */
export class MethodRefused extends RequestError {
  /** Methods that it has, for the header `Allow` (RFC 9110 section 15.5.6). */
  readonly allow: string;

  constructor(allow: string) {
    super("method-refused", "the path has other methods");
    this.allow = allow;
  }
}

/** For everything that is wrong with what the caller sent. */
export function invalid(what: string): RequestError {
  return new RequestError("invalid-request", what);
}
