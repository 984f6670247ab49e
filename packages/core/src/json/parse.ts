import { CoreError } from "../errors.ts";
import { JsonReader } from "./reader.ts";
import type { JsonLimits, JsonValue } from "./value.ts";

/**
 * The value of a JSON document (RFC 8259), stricter than `JSON.parse`: refuses duplicate member names at any depth, the
 * member name `__proto__`, lone surrogates, integers beyond 2^53 - 1, numbers that overflow, a byte order mark, and texts
 * longer, nested deeper or of more values than the limits.
 * @throws CoreError `bad-json`; the error names the place, never the content
 */
export function parseStrictJson(text: string, limits: JsonLimits = {}): JsonValue {
  return new JsonReader(text, limits).document();
}

/**
 * The exact source text of the value of a top-level member, for documents whose signature covers that text as sent. The
 * whole document is checked as by {@link parseStrictJson}.
 * @throws CoreError `bad-json`, also when the document is no object or has no such member
 */
export function sliceJsonMember(text: string, name: string, limits: JsonLimits = {}): string {
  const span = new JsonReader(text, limits).memberSpans().get(name);
  if (span === undefined) {
    throw new CoreError("bad-json", `JSON document has no member "${name}"`);
  }
  return text.slice(span.start, span.end);
}
