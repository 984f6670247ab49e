import { ownBuffer } from "../crypto/web-crypto.ts";
import { parseDer } from "../der/element.ts";
import { encodeContext, encodeOctetString, encodeSequence } from "../der/encode.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derBitString } from "../der/values.ts";
import type { ExtensionOptions } from "./extensions.ts";
import { extensionOid } from "./oids.ts";

/** The subjectKeyIdentifier extension for a key. */
export async function subjectKeyIdentifier(publicKeyInfo: Uint8Array): Promise<ExtensionOptions> {
  const value = encodeOctetString(await keyIdentifier(publicKeyInfo));
  return { oid: extensionOid.subjectKeyIdentifier, value };
}

/** The authorityKeyIdentifier extension that names the issuer's key. */
export async function authorityKeyIdentifier(issuerPublicKeyInfo: Uint8Array): Promise<ExtensionOptions> {
  const value = encodeSequence(encodeContext(0, false, await keyIdentifier(issuerPublicKeyInfo)));
  return { oid: extensionOid.authorityKeyIdentifier, value };
}

/** SHA-1 of the key bits (RFC 5280 section 4.2.1.2, method 1). A hint for looking keys up; nothing rests on its strength. */
async function keyIdentifier(publicKeyInfo: Uint8Array): Promise<Uint8Array> {
  const fields = new DerFields(derSequence(parseDer(publicKeyInfo)), "SubjectPublicKeyInfo");
  fields.next();
  const bits = derBitString(fields.next());
  return new Uint8Array(await crypto.subtle.digest("SHA-1", ownBuffer(bits)));
}
