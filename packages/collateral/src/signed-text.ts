import { decodeUtf8, parseStrictJson, sliceJsonMember } from "@sealserve/core";
import { CollateralError } from "./errors.ts";

const SIGNATURE = /^[0-9a-fA-F]{128}$/;

/** A signed document as it was sent. */
export interface SignedText {
  /** The exact text that the signature covers. */
  readonly text: string;
  /** r and s as 128 hex digits. */
  readonly signature: string;
}

/** Names of the documents in them. */
export type SignedMember = "tcbInfo" | "enclaveIdentity" | "tcbEvaluationDataNumbers";

/**
 * A signed document as the provisioning service sends it: a JSON object of the document and its signature.
 * The document's text is cut out as it stands, since the signature is over these bytes.
 * @throws CollateralError `bad-answer`, CoreError
 */
export function parseSignedText(body: Uint8Array, member: SignedMember): SignedText {
  const text = decodeUtf8(body);
  const limits = { maxLength: body.length };
  const { [member]: document, signature, ...others } = objectIn(parseStrictJson(text, limits));
  if (typeof signature !== "string" || !SIGNATURE.test(signature) || Object.keys(others).length > 0) {
    throw new CollateralError("bad-answer", `it is not ${member} with its signature alone`);
  }
  objectIn(document);
  return { text: sliceJsonMember(text, member, limits), signature };
}

function objectIn(value: ReturnType<typeof parseStrictJson> | undefined) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CollateralError("bad-answer", "it has something else where an object belongs");
  }
  return value;
}
