import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import type { CryptoPrimitives, HashName } from "./primitives.ts";
import { coordinateSize, type EcCurve, ecPublicKeyInfo } from "./public-key-info.ts";

const HASHES: Readonly<Record<HashName, string>> = { "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };

/** The primitives by `node:crypto`, on the calling thread: a verification with P-256 takes some 60 µs. */
export const primitives: CryptoPrimitives = {
  digest: (hash, data) => Uint8Array.from(createHash(HASHES[hash]).update(data).digest()),
  ecdsaVerifier: ({ curve, point }, hash) => {
    const key = importPoint(curve, point);
    if (key === undefined) {
      return undefined;
    }
    const signatureLength = 2 * coordinateSize(curve);
    const options = { key, dsaEncoding: "ieee-p1363" } as const;
    return (signature, data) => signature.length === signatureLength && verify(HASHES[hash], data, options, signature);
  },
};

/** The import checks that the point is on the curve. */
function importPoint(curve: EcCurve, point: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(ecPublicKeyInfo(curve, point)), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}
