import { parseDer } from "../der/element.ts";
import { encodeBoolean, encodeInteger, encodeSequence } from "../der/encode.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derTag } from "../der/tags.ts";
import { derBoolean, derSmallInteger } from "../der/values.ts";
import { CoreError } from "../errors.ts";

/** Whether a key belongs to a CA, and how many CAs may stand below it (RFC 5280 section 4.2.1.9). */
export interface BasicConstraints {
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
}

/** Value of a basicConstraints extension. @throws CoreError `bad-der` */
export function parseBasicConstraints(value: Uint8Array): BasicConstraints {
  const fields = new DerFields(derSequence(parseDer(value)), "basicConstraints");
  const ca = fields.optional(derTag.boolean);
  const length = fields.optional(derTag.integer);
  fields.expectEnd();
  const isCa = ca !== undefined && derBoolean(ca);
  if (length !== undefined && !isCa) {
    throw new CoreError("bad-der", "basicConstraints has a path length without being a CA");
  }
  return { isCa, pathLength: length === undefined ? undefined : derSmallInteger(length) };
}

/** Value of a basicConstraints extension. */
export function encodeBasicConstraints(ca: { readonly pathLength?: number } | undefined): Uint8Array<ArrayBuffer> {
  if (ca === undefined) {
    return encodeSequence();
  }
  const length = ca.pathLength === undefined ? new Uint8Array(0) : encodeInteger(ca.pathLength);
  return encodeSequence(encodeBoolean(true), length);
}
