import type { DerElement } from "../der/element.ts";
import { encodeBoolean, encodeOctetString, encodeOid, encodeOidContent, encodeSequence } from "../der/encode.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derOid } from "../der/oid.ts";
import { derTag } from "../der/tags.ts";
import { derBoolean, derOctets } from "../der/values.ts";
import { CoreError } from "../errors.ts";

/** An extension of a certificate or revocation list. */
export interface Extension {
  readonly critical: boolean;
  /** Content of extnValue: usually DER, with some vendors raw bytes. */
  readonly value: Uint8Array;
}

/** Extensions by their dotted identifier. */
export type Extensions = ReadonlyMap<string, Extension>;

/** An extension to be written. */
export interface ExtensionOptions {
  /** Dotted, or the content octets for an identifier that exists only as octets. */
  readonly oid: string | { readonly content: Uint8Array };
  readonly critical?: boolean;
  /** Content of extnValue. */
  readonly value: Uint8Array;
}

/** Extensions (RFC 5280 section 4.1.2.9): at least one, none twice. @throws CoreError `bad-der` */
export function parseExtensions(element: DerElement): Extensions {
  const extensions = new Map<string, Extension>();
  for (const item of derSequence(element)) {
    const fields = new DerFields(derSequence(item), "extension");
    const oid = derOid(fields.next(derTag.oid));
    const critical = fields.optional(derTag.boolean);
    const value = derOctets(fields.next(derTag.octetString));
    fields.expectEnd();
    if (extensions.has(oid)) {
      throw new CoreError("bad-der", "extension stands twice", { actual: oid });
    }
    extensions.set(oid, { critical: critical !== undefined && derBoolean(critical), value });
  }
  if (extensions.size === 0) {
    throw new CoreError("bad-der", "list of extensions is empty");
  }
  return extensions;
}

/**
 * The optional, explicitly tagged extensions of a certificate or revocation list; critical ones must be understood.
 * @throws CoreError `bad-der`
 */
export function parseExtensionsField(field: DerElement | undefined, understood: ReadonlySet<string>): Extensions {
  if (field === undefined) {
    return new Map();
  }
  const fields = new DerFields(field.children(), "extensions");
  const extensions = parseExtensions(fields.next(derTag.sequence));
  fields.expectEnd();
  expectCriticalUnderstood(extensions, understood);
  return extensions;
}

/** Refuses critical extensions beside the ones that the caller understands (RFC 5280 section 4.2). @throws CoreError `bad-der` */
export function expectCriticalUnderstood(extensions: Extensions, understood: ReadonlySet<string>): void {
  for (const [oid, { critical }] of extensions) {
    if (critical && !understood.has(oid)) {
      throw new CoreError("bad-der", "critical extension is not understood", { actual: oid });
    }
  }
}

/** Extensions as a SEQUENCE, in the given order. */
export function encodeExtensions(extensions: readonly ExtensionOptions[]): Uint8Array<ArrayBuffer> {
  return encodeSequence(
    ...extensions.map(({ oid, critical, value }) =>
      encodeSequence(
        typeof oid === "string" ? encodeOid(oid) : encodeOidContent(oid.content),
        critical === true ? encodeBoolean(true) : new Uint8Array(0),
        encodeOctetString(value),
      ),
    ),
  );
}
