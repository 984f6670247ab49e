import { concatBytes } from "../bytes/compare.ts";
import { type DerElement, parseDer } from "../der/element.ts";
import { encodeBitString, encodeOid, encodeSequence } from "../der/encode.ts";
import { DerFields, derSequence } from "../der/fields.ts";
import { derOid } from "../der/oid.ts";
import { derTag } from "../der/tags.ts";
import { derBitString } from "../der/values.ts";
import { CoreError } from "../errors.ts";

/** The curves of the EC keys that Sealserve handles. */
export type EcCurve = "P-256" | "P-384";

const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const CURVE_OIDS: Readonly<Record<EcCurve, string>> = { "P-256": "1.2.840.10045.3.1.7", "P-384": "1.3.132.0.34" };
const COORDINATE_SIZES: Readonly<Record<EcCurve, number>> = { "P-256": 32, "P-384": 48 };
const UNCOMPRESSED = 0x04;

/** A public EC key: the curve, and x||y without the 0x04 in front. Whether the point is on the curve is not checked here. */
export interface EcPublicKey {
  readonly curve: EcCurve;
  readonly point: Uint8Array;
}

/** Bytes of one coordinate, and of each of r and s, on `curve`. */
export function coordinateSize(curve: EcCurve): number {
  return COORDINATE_SIZES[curve];
}

/**
 * Curve and point of a SubjectPublicKeyInfo (RFC 5480): uncompressed, P-256 or P-384.
 * @throws CoreError `bad-der`, or `unsupported-algorithm` for other keys
 */
export function parseEcPublicKeyInfo(spkiDer: Uint8Array): EcPublicKey {
  const fields = new DerFields(derSequence(parseDer(spkiDer)), "SubjectPublicKeyInfo");
  const curve = parseEcAlgorithm(fields.next());
  const key = derBitString(fields.next(derTag.bitString));
  fields.expectEnd();
  if (key[0] !== UNCOMPRESSED || key.length !== 1 + 2 * coordinateSize(curve)) {
    throw new CoreError("bad-der", `public key is no uncompressed point for ${curve}`);
  }
  return { curve, point: key.subarray(1) };
}

/** x||y of the SubjectPublicKeyInfo of a P-256 (64 bytes) or P-384 (96 bytes) key. @throws CoreError `bad-der`, `unsupported-algorithm` */
export function rawEcPoint(spkiDer: Uint8Array): Uint8Array {
  return parseEcPublicKeyInfo(spkiDer).point;
}

/** AlgorithmIdentifier of the keys on each curve. */
const ALGORITHMS: Readonly<Record<EcCurve, Uint8Array>> = {
  "P-256": encodeSequence(encodeOid(EC_PUBLIC_KEY), encodeOid(CURVE_OIDS["P-256"])),
  "P-384": encodeSequence(encodeOid(EC_PUBLIC_KEY), encodeOid(CURVE_OIDS["P-384"])),
};

/** SubjectPublicKeyInfo (RFC 5480) of the key with the point x||y. @throws CoreError `bad-key` when the length does not fit */
export function ecPublicKeyInfo(curve: EcCurve, xy: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeSequence(ALGORITHMS[curve], encodeBitString(uncompressedPoint(curve, xy)));
}

/** 0x04||x||y. @throws CoreError `bad-key` when the length does not fit */
export function uncompressedPoint(curve: EcCurve, xy: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = 2 * coordinateSize(curve);
  if (xy.length !== size) {
    throw new CoreError("bad-key", `EC point has the wrong length for ${curve}`, {
      expected: `${size} bytes`,
      actual: `${xy.length}`,
    });
  }
  return concatBytes(Uint8Array.of(UNCOMPRESSED), xy);
}

/** The curve that the AlgorithmIdentifier of an EC key names. @throws CoreError `bad-der`, `unsupported-algorithm` */
export function parseEcAlgorithm(identifier: DerElement): EcCurve {
  const fields = new DerFields(derSequence(identifier), "AlgorithmIdentifier");
  const algorithm = derOid(fields.next(derTag.oid));
  if (algorithm !== EC_PUBLIC_KEY) {
    throw new CoreError("unsupported-algorithm", "key is no EC key", { expected: EC_PUBLIC_KEY, actual: algorithm });
  }
  const oid = derOid(fields.next(derTag.oid));
  fields.expectEnd();
  if (oid === CURVE_OIDS["P-256"]) {
    return "P-256";
  }
  if (oid === CURVE_OIDS["P-384"]) {
    return "P-384";
  }
  throw new CoreError("unsupported-algorithm", "curve is not supported", { expected: "P-256, P-384", actual: oid });
}
