import { AttestationError } from "@sealserve/attestation";
import { ServiceError, type ServiceErrorCode } from "../errors.ts";
import { ProviderError, type ProviderErrorCode } from "../provider.ts";
import { RequestError, type RequestErrorCode } from "./request-error.ts";

/** What a caller is told when something goes wrong. */
export interface Failure {
  readonly status: number;
  readonly text: string;
  /** Seconds after which to ask again. */
  readonly retryAfter?: number;
}

/** Status codes of the protocol and their texts, to the letter: clients look at the codes, people at the texts. */
export const STATUS_TEXTS = {
  200: "Operation successful.",
  400: "Invalid request parameters.",
  401: "Authentication failed.",
  404: "No cache data for this platform.",
  405: "Method not allowed.",
  410: "The Intel PCS API version 3 reached planned EOL. Accordingly, collateral from this API version cannot be retrieved any longer.",
  413: "Content too large.",
  415: "Unsupported media type.",
  429: "Too many requests.",
  460: "The integrity of the data can't be verified.",
  461: "The platform was not found in the cache.",
  500: "Internal server error occurred.",
  503: "Server is currently unable to process the request.",
} as const;

const EVALUATION_ENDED = "The TCB evaluation data number is no longer available.";

type Status = keyof typeof STATUS_TEXTS;

const OF_REQUEST: Readonly<Record<RequestErrorCode, Status>> = {
  "invalid-request": 400,
  unauthenticated: 401,
  "not-cached": 404,
  "unknown-path": 404,
  "method-refused": 405,
  "media-type-refused": 415,
  "version-ended": 410,
  "evaluation-ended": 410,
  "too-large": 413,
  "too-many-requests": 429,
  "not-proven": 460,
  "unknown-platform": 461,
  // Intel's client asks again after a 503 alone, and hosts behind one address are honest.
  "too-many-misses": 503,
  unavailable: 503,
};

const OF_SERVICE: Readonly<Record<ServiceErrorCode, Status>> = {
  "database-unavailable": 503,
  "database-foreign": 500,
  "document-malformed": 400,
  "rolled-back": 460,
  "issuer-revoked": 460,
  "file-unusable": 500,
  "port-unavailable": 500,
};

/** 503 is the only status that Intel's client library asks again for, so trouble upstream is told by it. */
const OF_PROVIDER: Readonly<Record<ProviderErrorCode, Status>> = {
  "not-found": 404,
  unavailable: 503,
  "retry-later": 503,
  garbage: 503,
};

const RETRY_AFTER_SECONDS = 5;

/** What a caller is told of an error; anything that is not foreseen is a fault of this program. */
export function failureOf(error: unknown): Failure {
  const status = statusOf(error);
  const ended = error instanceof RequestError && error.code === "evaluation-ended";
  const failure = { status, text: ended ? EVALUATION_ENDED : STATUS_TEXTS[status] };
  if (status !== 503 && status !== 429) {
    return failure;
  }
  const asked = error instanceof ProviderError ? error.retryAfterSeconds : undefined;
  return { ...failure, retryAfter: asked ?? RETRY_AFTER_SECONDS };
}

function statusOf(error: unknown): Status {
  if (error instanceof RequestError) {
    return OF_REQUEST[error.code];
  }
  if (error instanceof ServiceError) {
    return OF_SERVICE[error.code];
  }
  if (error instanceof ProviderError) {
    return OF_PROVIDER[error.code];
  }
  // Only uploads let a refusal of the verifier through; what upstream sends is refused as garbage before.
  return error instanceof AttestationError ? 460 : 500;
}
