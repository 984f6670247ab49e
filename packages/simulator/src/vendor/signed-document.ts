import { encodeHex, encodeUtf8, type JsonValue } from "@sealserve/core";
import { type Authority, chainPem } from "./authority.ts";

/** Members of a document in their order; `undefined` leaves a member out. */
export type Members = Readonly<Record<string, JsonValue | undefined>>;

/** Ways in which a test can make a signed document wrong. */
export interface DocumentOverrides {
  readonly issueDate?: Date;
  readonly nextUpdate?: Date;
  /** Put over the members before signing; `undefined` removes one. */
  readonly members?: Members;
  /** Changes the text before signing, for what members cannot say (a member twice, other spaces). */
  readonly rewrite?: (text: string) => string;
  /** Signs in place of TCB signing, and stands first in the issuer chain. */
  readonly signer?: Authority;
  /** PEM in place of the signer's chain. */
  readonly issuerChain?: string;
}

/** A JSON document with the vendor's signature over its exact text. */
export interface SignedDocument {
  readonly text: string;
  /** r and s as 128 hex digits. */
  readonly signature: string;
  /** PEM, signer first. */
  readonly issuerChain: string;
}

/** Writes `members` as JSON without spaces, in order, and signs the very bytes. */
export async function signDocument(
  members: Members,
  { signer, root }: { readonly signer: Authority; readonly root: Authority },
  overrides: DocumentOverrides,
): Promise<SignedDocument> {
  const text = (overrides.rewrite ?? unchanged)(JSON.stringify({ ...members, ...overrides.members }));
  const authority = overrides.signer ?? signer;
  return {
    text,
    signature: encodeHex(await authority.key.signRaw(encodeUtf8(text))),
    issuerChain: overrides.issuerChain ?? chainPem(authority, root),
  };
}

function unchanged(text: string): string {
  return text;
}
