import { parseJsonObject } from "../rest/json/document.ts";
import { booleanOf } from "./json-fields.ts";

/**
 * The body of `POST /v2/repository/index`, which may be empty.
 * @returns whether only versions that are ready are asked for
 * @throws ServingError INVALID_ARGUMENT
 */
export function parseIndexBody(body: Uint8Array): boolean {
  return body.length > 0 && booleanOf(parseJsonObject(body, new Set(["ready"])).members.get("ready"), "ready");
}
