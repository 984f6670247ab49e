import type { CryptoPrimitives } from "./primitives.ts";
import { coordinateSize, type EcCurve, uncompressedPoint } from "./public-key-info.ts";
import { ownBuffer } from "./web-crypto.ts";

/** The primitives by Web Crypto, for browsers and every runtime without `node:crypto`. */
export const primitives: CryptoPrimitives = {
  digest: async (hash, data) => new Uint8Array(await crypto.subtle.digest(hash, ownBuffer(data))),
  ecdsaVerifier: async ({ curve, point }, hash) => {
    const key = await importPoint(curve, point);
    if (key === undefined) {
      return undefined;
    }
    const signatureLength = 2 * coordinateSize(curve);
    return async (signature, data) =>
      signature.length === signatureLength &&
      crypto.subtle.verify({ name: "ECDSA", hash }, key, ownBuffer(signature), ownBuffer(data));
  },
};

/** The import checks that the point is on the curve. */
async function importPoint(curve: EcCurve, point: Uint8Array): Promise<CryptoKey | undefined> {
  const algorithm = { name: "ECDSA", namedCurve: curve };
  try {
    return await crypto.subtle.importKey("raw", uncompressedPoint(curve, point), algorithm, false, ["verify"]);
  } catch {
    return undefined;
  }
}
