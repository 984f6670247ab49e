import type { DerElement } from "../der/element.ts";
import { encodeOid, encodePrintableString, encodeSequence, encodeSet, encodeUtf8String } from "../der/encode.ts";
import { DerFields, derSequence, derSet } from "../der/fields.ts";
import { derOid } from "../der/oid.ts";
import { derTag } from "../der/tags.ts";
import { derText } from "../der/values.ts";
import { CoreError } from "../errors.ts";
import { attributeOid } from "./oids.ts";

/** A distinguished name. Names are the same when their `raw` bytes are the same. */
export interface Name {
  /** The name as DER. */
  readonly raw: Uint8Array;
  /** The one common name in it. */
  readonly commonName: string | undefined;
}

/** One attribute of a name to be written. */
export interface NameAttribute {
  readonly type: keyof typeof attributeOid;
  readonly value: string;
}

/** A Name (RFC 5280 section 4.1.2.4); more than one common name is refused. @throws CoreError `bad-der` */
export function parseName(element: DerElement): Name {
  let commonName: string | undefined;
  for (const attribute of derSequence(element).flatMap(parseRelativeName)) {
    if (attribute.oid === attributeOid.CN) {
      if (commonName !== undefined) {
        throw new CoreError("bad-der", "name has more than one common name");
      }
      commonName = derText(attribute.value);
    }
  }
  return { raw: element.raw, commonName };
}

/** DER of a name: countries as PrintableString, everything else as UTF8String, one attribute in each relative name. */
export function encodeName(attributes: readonly NameAttribute[]): Uint8Array<ArrayBuffer> {
  return encodeSequence(
    ...attributes.map(({ type, value }) => {
      const text = type === "C" ? encodePrintableString(value) : encodeUtf8String(value);
      return encodeSet(encodeSequence(encodeOid(attributeOid[type]), text));
    }),
  );
}

function parseRelativeName(element: DerElement): { oid: string; value: DerElement }[] {
  const attributes = derSet(element);
  if (attributes.length === 0) {
    throw new CoreError("bad-der", "relative name is empty");
  }
  return attributes.map((attribute) => {
    const fields = new DerFields(derSequence(attribute), "name attribute");
    const oid = derOid(fields.next(derTag.oid));
    const value = fields.next();
    fields.expectEnd();
    return { oid, value };
  });
}
