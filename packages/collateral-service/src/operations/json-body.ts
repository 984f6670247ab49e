import type { JsonValue } from "@sealserve/core";
import { invalid } from "../http/request-error.ts";

/** An object of a request's body. */
export type JsonObject = { readonly [name: string]: JsonValue };

/** @throws RequestError `invalid-request` for anything else */
export function objectOf(what: string, value: JsonValue | undefined): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} is no object`);
  }
  return value;
}

/** @throws RequestError `invalid-request` for anything else, or a list that is too long */
export function listOf(what: string, value: JsonValue | undefined, maximum: number): readonly JsonValue[] {
  if (!Array.isArray(value) || value.length > maximum) {
    throw invalid(`${what} is no list of at most ${maximum} elements`);
  }
  return value;
}

/** A member that may be missing; an empty text counts as missing. @throws RequestError `invalid-request` */
export function optionalText(what: string, value: JsonValue | undefined): string | undefined {
  if (value !== undefined && typeof value !== "string") {
    throw invalid(`${what} is no text`);
  }
  return value === "" ? undefined : value;
}
