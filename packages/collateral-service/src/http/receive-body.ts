import type { IncomingMessage } from "node:http";
import { decodeUtf8, type JsonValue, parseStrictJson, undefinedIfMalformed } from "@sealserve/core";
import { Query } from "./query.ts";
import { invalid, RequestError } from "./request-error.ts";

/** Values of a body: an empty object in it costs a hundred times its length. */
const MAXIMUM_VALUES = 1 << 17;

/** What a body may be. */
export interface BodyRules {
  /** Bytes. */
  readonly maximum: number;
  /** Whether a body of a media type or charset that is not read is refused as such. */
  readonly strict: boolean;
}

/**
 * The body of a request as JSON. That of a form becomes an object of texts; one of any other media type does not count.
 *
 * @throws RequestError `too-large`, `media-type-refused`, or `invalid-request` for JSON that is malformed, has a member twice
 * or is not in UTF-8
 */
export async function receiveBody(request: IncomingMessage, rules: BodyRules): Promise<JsonValue | undefined> {
  return parseBody(await receiveBytes(request, rules.maximum), request.headers["content-type"] ?? "", rules);
}

/**
 * As {@link receiveBody}, of bytes that are there.
 * @param contentType with its parameters
 */
export function parseBody(bytes: Buffer, contentType: string, { maximum, strict }: BodyRules): JsonValue | undefined {
  if (bytes.length > maximum) {
    throw tooLarge();
  }
  const [mediaType = "", ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters
    .map((text) => /^\s*charset="?([^"]*)"?\s*$/.exec(text)?.[1])
    .find((text) => text !== undefined);
  if (charset !== undefined && charset !== "utf-8") {
    throw strict ? refusedType() : invalid("the body is not in UTF-8");
  }
  switch (mediaType.trim()) {
    case "application/json":
      return parseJson(bytes, maximum);
    case "application/x-www-form-urlencoded":
      return Object.fromEntries(new Query(bytes.toString("utf8")).entries());
    default:
      if (strict && bytes.length > 0) {
        throw refusedType();
      }
      return undefined;
  }
}

function parseJson(bytes: Buffer, maximum: number): JsonValue {
  const limits = { maxLength: maximum, maxValues: MAXIMUM_VALUES };
  const value = undefinedIfMalformed(() => parseStrictJson(decodeUtf8(bytes), limits));
  if (value === undefined) {
    throw invalid("the body is no JSON document");
  }
  return value;
}

async function receiveBytes(request: IncomingMessage, maximum: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maximum) {
    throw tooLarge();
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maximum) {
      throw tooLarge();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function refusedType(): RequestError {
  return new RequestError("media-type-refused", "the body is of a media type or charset that is not read");
}

function tooLarge(): RequestError {
  return new RequestError("too-large", "the body is too large");
}
