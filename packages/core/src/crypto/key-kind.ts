import { parseDer } from "../der/element.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derOid } from "../der/oid.ts";
import { derTag } from "../der/tags.ts";
import { derBitString, derIntegerOctets } from "../der/values.ts";
import { CoreError } from "../errors.ts";
import { parseEcPublicKeyInfo } from "./public-key-info.ts";

/** A kind of public key with its size in bits, such as `P-256` or `RSA-4096`. */
export type KeyKind = "P-256" | "P-384" | `RSA-${number}`;

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/** Kind and size of a SubjectPublicKeyInfo (RFC 3279 section 2.3); undefined when it is malformed or of no known kind. */
export function keyKindOf(publicKeyInfo: Uint8Array): KeyKind | undefined {
  try {
    const fields = new DerFields(derSequence(parseDer(publicKeyInfo)), "SubjectPublicKeyInfo");
    const [algorithm] = derSequence(fields.next(derTag.sequence));
    if (algorithm !== undefined && derOid(algorithm) === RSA_ENCRYPTION) {
      return `RSA-${modulusBits(derBitString(fields.next(derTag.bitString)))}`;
    }
    return parseEcPublicKeyInfo(publicKeyInfo).curve;
  } catch (error) {
    if (error instanceof CoreError) {
      return undefined;
    }
    throw error;
  }
}

function modulusBits(rsaPublicKey: Uint8Array): number {
  const fields = new DerFields(derSequence(parseDer(rsaPublicKey)), "RSAPublicKey");
  const octets = derIntegerOctets(fields.next(derTag.integer));
  const magnitude = octets[0] === 0 ? octets.subarray(1) : octets;
  return 8 * magnitude.length - Math.clz32(magnitude[0] ?? 0) + 24;
}
