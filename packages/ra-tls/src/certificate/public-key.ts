import {
  CoreError,
  DerFields,
  derBitString,
  derInteger,
  derOid,
  derSequence,
  parseDer,
  parseEcPublicKeyInfo,
} from "@sealserve/core";
import { RaTlsError } from "../errors.ts";

/** Keys that enclaves of the Gramine generations make: RSA-3072 up to 1.3.1, then elliptic curves. */
export type RaTlsKeyKind = "RSA-3072" | "P-256" | "P-384";

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const RSA_BITS = 3072;
const RSA_EXPONENT = 65537n;

/**
 * The kind of a SubjectPublicKeyInfo (DER).
 * @throws RaTlsError `unsupported-key` for every other kind or size, and for a malformed one
 */
export function parseKeyKind(publicKeyInfo: Uint8Array): RaTlsKeyKind {
  const kind =
    readOrUndefined(() => parseEcPublicKeyInfo(publicKeyInfo).curve) ?? readOrUndefined(() => rsaKind(publicKeyInfo));
  if (kind === undefined) {
    throw new RaTlsError("unsupported-key", "the certificate's key is none that an enclave makes", {
      expected: "RSA-3072 with exponent 65537, P-256 or P-384",
    });
  }
  return kind;
}

/** RFC 8017 appendix A.1: the modulus and the exponent stand in the bit string of the SubjectPublicKeyInfo. */
function rsaKind(publicKeyInfo: Uint8Array): RaTlsKeyKind | undefined {
  const [algorithm, key, ...rest] = derSequence(parseDer(publicKeyInfo));
  const [oid] = algorithm === undefined ? [] : derSequence(algorithm);
  if (key === undefined || oid === undefined || rest.length !== 0 || derOid(oid) !== RSA_ENCRYPTION) {
    return undefined;
  }
  const fields = new DerFields(derSequence(parseDer(derBitString(key))), "RSAPublicKey");
  const bits = derInteger(fields.next()).toString(2).length;
  const exponent = derInteger(fields.next());
  fields.expectEnd();
  return bits === RSA_BITS && exponent === RSA_EXPONENT ? "RSA-3072" : undefined;
}

function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CoreError) {
      return undefined;
    }
    throw error;
  }
}
