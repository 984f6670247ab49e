import type { Answer } from "./answer.ts";
import { MethodRefused, RequestError } from "./request-error.ts";
import { failureOf } from "./status.ts";

const HTML = ["Content-Type", "text/html; charset=utf-8"];
/** For answers that a browser may show. */
const HARMLESS = ["Content-Security-Policy", "default-src 'none'", "X-Content-Type-Options", "nosniff"];
const UNKNOWN_PATH = Buffer.from(
  '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Error</title></head>\n<body><pre>Not Found</pre></body>\n</html>\n',
);

/** What a caller gets in place of an answer. Nothing of the request is repeated. */
export function failureAnswer(error: unknown): Answer {
  if (error instanceof RequestError && error.code === "unknown-path") {
    return { status: 404, headers: [...HARMLESS, ...HTML], body: UNKNOWN_PATH };
  }
  const { status, text, retryAfter } = failureOf(error);
  const retry = retryAfter === undefined ? [] : ["Retry-After", `${retryAfter}`];
  const allow = error instanceof MethodRefused ? ["Allow", error.allow] : [];
  return { status, headers: [...retry, ...allow, ...HTML], body: Buffer.from(text) };
}
