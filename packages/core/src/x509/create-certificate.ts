import { encodeSignatureAlgorithm } from "../crypto/signature-algorithm.ts";
import type { SigningKey } from "../crypto/signing-key.ts";
import { encodeContext, encodeInteger, encodeOid, encodeSequence, encodeUtcOrGeneralizedTime } from "../der/encode.ts";
import { encodeAlternativeNames } from "./alternative-names.ts";
import { encodeBasicConstraints } from "./basic-constraints.ts";
import { type ExtensionOptions, encodeExtensions } from "./extensions.ts";
import { authorityKeyIdentifier, subjectKeyIdentifier } from "./key-identifier.ts";
import { encodeKeyUsage, type KeyUsage } from "./key-usage.ts";
import { encodeName, type Name, type NameAttribute } from "./name.ts";
import { extensionOid, purposeOid } from "./oids.ts";
import { signBody } from "./signed.ts";

/** What {@link createCertificate} writes. */
export interface CertificateOptions {
  readonly subject: readonly NameAttribute[];
  /** Attributes, or the subject of the issuer's parsed certificate. */
  readonly issuer: readonly NameAttribute[] | Name;
  /** A number, or big-endian octets without sign. */
  readonly serialNumber: Uint8Array | number;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo of the subject, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** The issuer's key. */
  readonly signer: SigningKey;
  /** Makes it the certificate of a CA. */
  readonly ca?: { readonly pathLength?: number };
  /** `false` leaves the extension out of a certificate that is no CA's, as AMD does; by default it says that it is none. */
  readonly basicConstraints?: boolean;
  readonly keyUsage?: readonly KeyUsage[];
  readonly extendedKeyUsage?: readonly (keyof typeof purposeOid)[];
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  /** Whether to name the keys of subject and issuer. */
  readonly keyIdentifiers?: boolean;
  /** Further extensions, written last. */
  readonly extensions?: readonly ExtensionOptions[];
}

/** A signed X.509 certificate, version 3 (RFC 5280 section 4), as DER. @throws CoreError `bad-der` for values that cannot be written */
export async function createCertificate(options: CertificateOptions): Promise<Uint8Array<ArrayBuffer>> {
  const body = encodeSequence(
    encodeContext(0, true, encodeInteger(2)),
    encodeInteger(options.serialNumber),
    encodeSignatureAlgorithm(options.signer.algorithm),
    nameDer(options.issuer),
    encodeSequence(encodeUtcOrGeneralizedTime(options.notBefore), encodeUtcOrGeneralizedTime(options.notAfter)),
    encodeName(options.subject),
    options.publicKeyInfo,
    encodeContext(3, true, encodeExtensions(await certificateExtensions(options))),
  );
  return signBody(body, options.signer);
}

/** DER of a name given either way. */
export function nameDer(name: readonly NameAttribute[] | Name): Uint8Array {
  return "raw" in name ? name.raw : encodeName(name);
}

async function certificateExtensions(options: CertificateOptions): Promise<ExtensionOptions[]> {
  const { keyUsage, extendedKeyUsage, dns = [], ip = [] } = options;
  const extensions: ExtensionOptions[] = [];
  if (options.ca !== undefined || options.basicConstraints !== false) {
    const value = encodeBasicConstraints(options.ca);
    extensions.push({ oid: extensionOid.basicConstraints, critical: options.ca !== undefined, value });
  }
  if (options.keyIdentifiers === true) {
    extensions.push(await subjectKeyIdentifier(options.publicKeyInfo));
    extensions.push(await authorityKeyIdentifier(options.signer.publicKeyInfo));
  }
  if (keyUsage !== undefined) {
    extensions.push({ oid: extensionOid.keyUsage, critical: true, value: encodeKeyUsage(keyUsage) });
  }
  if (extendedKeyUsage !== undefined) {
    const purposes = extendedKeyUsage.map((purpose) => encodeOid(purposeOid[purpose]));
    extensions.push({ oid: extensionOid.extendedKeyUsage, value: encodeSequence(...purposes) });
  }
  if (dns.length + ip.length > 0) {
    extensions.push({ oid: extensionOid.subjectAltName, value: encodeAlternativeNames({ dns, ip }) });
  }
  return [...extensions, ...(options.extensions ?? [])];
}
