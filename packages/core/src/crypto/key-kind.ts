import { parseDer } from "../der/element.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derOid } from "../der/oid.ts";
import { derTag } from "../der/tags.ts";
import { derBitString, derInteger, derIntegerOctets } from "../der/values.ts";
import { undefinedIfMalformed } from "../errors.ts";
import { parseEcPublicKeyInfo } from "./public-key-info.ts";

/** A kind of public key with its size in bits, such as `P-256` or `RSA-4096`. */
export type KeyKind = "P-256" | "P-384" | `RSA-${number}`;

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

const RSA_EXPONENT = 65537n;

/**
 * Kind and size of a SubjectPublicKeyInfo (RFC 3279 section 2.3); undefined when it is malformed or of no known kind, such
 * as an RSA key with another exponent than 65537.
 */
export function keyKindOf(publicKeyInfo: Uint8Array): KeyKind | undefined {
  return undefinedIfMalformed(() => {
    const fields = new DerFields(derSequence(parseDer(publicKeyInfo)), "SubjectPublicKeyInfo");
    const [algorithm] = derSequence(fields.next(derTag.sequence));
    const key = fields.next(derTag.bitString);
    fields.expectEnd();
    if (algorithm !== undefined && derOid(algorithm) === RSA_ENCRYPTION) {
      return rsaKind(derBitString(key));
    }
    return parseEcPublicKeyInfo(publicKeyInfo).curve;
  });
}

/** RFC 8017 appendix A.1.1. */
function rsaKind(rsaPublicKey: Uint8Array): KeyKind | undefined {
  const fields = new DerFields(derSequence(parseDer(rsaPublicKey)), "RSAPublicKey");
  const octets = derIntegerOctets(fields.next(derTag.integer));
  const exponent = derInteger(fields.next(derTag.integer));
  fields.expectEnd();
  const magnitude = octets[0] === 0 ? octets.subarray(1) : octets;
  const [first = 0] = magnitude;
  return exponent === RSA_EXPONENT && first !== 0 ? `RSA-${8 * magnitude.length - Math.clz32(first) + 24}` : undefined;
}
