import { invalidArgument, type ServingError } from "../status/serving-error.ts";
import type { JsonDocument } from "./json/document.ts";
import { decodeName } from "./json/name.ts";
import { printJson } from "./json/print.ts";

/** Member of a request body that names the signature. */
export const SIGNATURE_NAME_MEMBER = "signature_name";

/** The signature that a request body names; empty when it names none. @throws ServingError INVALID_ARGUMENT */
export function readSignatureName(document: JsonDocument): string {
  const name = document.members.get(SIGNATURE_NAME_MEMBER);
  if (name === undefined) {
    return "";
  }
  if (!(name instanceof Uint8Array)) {
    throw badDocument(document, `not formatted correctly. '${SIGNATURE_NAME_MEMBER}' key must be a string value.`);
  }
  return decodeName(name);
}

/** The error for a body whose members are not what they must be. */
export function badDocument(document: JsonDocument, problem: string): ServingError {
  return invalidArgument(`JSON Value: ${printJson(document.bytes, document.start)} ${problem}`);
}
