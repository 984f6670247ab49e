import { encodeHex } from "../bytes/hex.ts";
import type { DerElement } from "../der/element.ts";
import { encodeContext, encodeInteger, encodeNull, encodeOid, encodeSequence } from "../der/encode.ts";
import { derSequence } from "../der/fields.ts";
import { derOid } from "../der/oid.ts";
import { CoreError } from "../errors.ts";

/** The signature algorithms that Sealserve knows. RSA-PSS is SHA-384, MGF1 with SHA-384 and 48 bytes of salt, as AMD signs. */
export type SignatureAlgorithmName =
  | "ecdsa-with-sha256"
  | "ecdsa-with-sha384"
  | "sha256-with-rsa"
  | "rsa-pss-sha384"
  | "ed25519";

/** The algorithms of EC keys. */
export type EcdsaAlgorithmName = "ecdsa-with-sha256" | "ecdsa-with-sha384";

const PSS_SALT = 48;

/**
 * Every AlgorithmIdentifier that is accepted, whole, the one that is written first. Comparing bytes leaves no parameter
 * unread: an RSA-PSS salt or hash other than these does not match.
 */
const ENCODINGS: Readonly<Record<SignatureAlgorithmName, readonly Uint8Array[]>> = {
  "ecdsa-with-sha256": [encodeSequence(encodeOid("1.2.840.10045.4.3.2"))],
  "ecdsa-with-sha384": [encodeSequence(encodeOid("1.2.840.10045.4.3.3"))],
  // RFC 4055 section 5: NULL is written, its absence is accepted.
  "sha256-with-rsa": [encodeNull(), new Uint8Array(0)].map((parameters) =>
    encodeSequence(encodeOid("1.2.840.113549.1.1.11"), parameters),
  ),
  "rsa-pss-sha384": pssEncodings(),
  ed25519: [encodeSequence(encodeOid("1.3.101.112"))],
};

const NAMES: ReadonlyMap<string, SignatureAlgorithmName> = new Map(
  Object.entries(ENCODINGS).flatMap(([name, encodings]) =>
    encodings.map((encoding) => [encodeHex(encoding), name as SignatureAlgorithmName] as const),
  ),
);

/** The algorithm that an AlgorithmIdentifier names, parameters included. @throws CoreError `unsupported-algorithm`, `bad-der` */
export function parseSignatureAlgorithm(identifier: DerElement): SignatureAlgorithmName {
  const name = NAMES.get(encodeHex(identifier.raw));
  if (name !== undefined) {
    return name;
  }
  const [oid] = derSequence(identifier);
  throw new CoreError("unsupported-algorithm", "signature algorithm or its parameters are not supported", {
    expected: Object.keys(ENCODINGS).join(", "),
    actual: oid === undefined ? "none" : derOid(oid),
  });
}

/** AlgorithmIdentifier of a signature algorithm. */
export function encodeSignatureAlgorithm(name: SignatureAlgorithmName): Uint8Array {
  return ENCODINGS[name][0] ?? new Uint8Array(0);
}

/** RSASSA-PSS-params (RFC 4055 section 3.1). The default trailer field is accepted when it is spelt out, as AMD does. */
function pssEncodings(): Uint8Array[] {
  const trailers = [new Uint8Array(0), encodeContext(3, true, encodeInteger(1))];
  return [encodeNull(), new Uint8Array(0)].flatMap((hashParameters) => {
    const hash = encodeSequence(encodeOid("2.16.840.1.101.3.4.2.2"), hashParameters);
    const mask = encodeSequence(encodeOid("1.2.840.113549.1.1.8"), hash);
    return trailers.map((trailer) =>
      encodeSequence(
        encodeOid("1.2.840.113549.1.1.10"),
        encodeSequence(
          encodeContext(0, true, hash),
          encodeContext(1, true, mask),
          encodeContext(2, true, encodeInteger(PSS_SALT)),
          trailer,
        ),
      ),
    );
  });
}
