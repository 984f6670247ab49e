import {
  encodeSignatureAlgorithm,
  parseSignatureAlgorithm,
  type SignatureAlgorithmName,
} from "../crypto/signature-algorithm.ts";
import type { SigningKey } from "../crypto/signing-key.ts";
import { type DerElement, parseDer } from "../der/element.ts";
import { encodeBitString, encodeSequence } from "../der/encode.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derTag } from "../der/tags.ts";
import { derBitString } from "../der/values.ts";
import { CoreError } from "../errors.ts";

/** What certificates and revocation lists have in common: bytes to be signed, and a signature over them. */
export interface Signed {
  /** The signed bytes, exactly as they stand in the structure. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithmName;
  /** As it stands in X.509: DER for ECDSA. */
  readonly signature: Uint8Array;
}

/** {@link Signed} with the parsed inner structure. */
export interface ParsedSigned extends Signed {
  readonly body: DerElement;
}

/** The outer structure of a certificate or revocation list (RFC 5280 sections 4.1.1 and 5.1.1). */
export function parseSigned(der: Uint8Array, what: string): ParsedSigned {
  const fields = new DerFields(derSequence(parseDer(der)), what);
  const body = fields.next(derTag.sequence);
  const signatureAlgorithm = parseSignatureAlgorithm(fields.next(derTag.sequence));
  const signature = derBitString(fields.next(derTag.bitString));
  fields.expectEnd();
  return { tbs: body.raw, body, signatureAlgorithm, signature };
}

/** Refuses a signed part that names another algorithm than stands beside the signature (RFC 5280 section 4.1.1.2). */
export function expectSameAlgorithm(inner: DerElement, outer: SignatureAlgorithmName): void {
  const actual = parseSignatureAlgorithm(inner);
  if (actual !== outer) {
    throw new CoreError("bad-der", "signed part names another signature algorithm", { expected: outer, actual });
  }
}

/** Signs the inner structure and puts the outer one around it. */
export async function signBody(body: Uint8Array, signer: SigningKey): Promise<Uint8Array<ArrayBuffer>> {
  const signature = await signer.sign(body);
  return encodeSequence(body, encodeSignatureAlgorithm(signer.algorithm), encodeBitString(signature));
}

/** Runs a parser and gives its DER errors the code of the structure that was parsed. */
export function parseAs<Result>(code: "bad-certificate" | "bad-crl", what: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof CoreError && cause.code === "bad-der") {
      const { expected, actual } = cause;
      throw new CoreError(code, `${what}: ${cause.message}`, { expected, actual, cause });
    }
    throw cause;
  }
}
