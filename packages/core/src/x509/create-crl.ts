import { decodeHex } from "../bytes/hex.ts";
import { encodeSignatureAlgorithm } from "../crypto/signature-algorithm.ts";
import type { SigningKey } from "../crypto/signing-key.ts";
import { encodeContext, encodeInteger, encodeSequence, encodeUtcOrGeneralizedTime } from "../der/encode.ts";
import { nameDer } from "./create-certificate.ts";
import { encodeExtensions } from "./extensions.ts";
import { authorityKeyIdentifier } from "./key-identifier.ts";
import type { Name, NameAttribute } from "./name.ts";
import { extensionOid } from "./oids.ts";
import { signBody } from "./signed.ts";

/** What {@link createCertificateRevocationList} writes. */
export interface RevocationListOptions {
  readonly issuer: Name | readonly NameAttribute[];
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Counts the lists of this issuer. */
  readonly number: number | bigint;
  /** Serial numbers as hex, in the form of {@link Certificate.serialNumber}. */
  readonly revoked: readonly { readonly serialNumber: string; readonly date: Date }[];
  /** The issuer's key. */
  readonly signer: SigningKey;
}

/** A signed, complete X.509 revocation list, version 2 (RFC 5280 section 5), as DER. @throws CoreError `bad-hex`, `bad-der` */
export async function createCertificateRevocationList(
  options: RevocationListOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = options.revoked.map(({ serialNumber, date }) =>
    encodeSequence(encodeInteger(decodeHex(serialNumber)), encodeUtcOrGeneralizedTime(date)),
  );
  const extensions = [
    await authorityKeyIdentifier(options.signer.publicKeyInfo),
    { oid: extensionOid.crlNumber, value: encodeInteger(options.number) },
  ];
  const body = encodeSequence(
    encodeInteger(1),
    encodeSignatureAlgorithm(options.signer.algorithm),
    nameDer(options.issuer),
    encodeUtcOrGeneralizedTime(options.thisUpdate),
    encodeUtcOrGeneralizedTime(options.nextUpdate),
    // RFC 5280 section 5.1.2.6: the list of entries is absent when it would be empty.
    entries.length === 0 ? new Uint8Array(0) : encodeSequence(...entries),
    encodeContext(0, true, encodeExtensions(extensions)),
  );
  return signBody(body, options.signer);
}
