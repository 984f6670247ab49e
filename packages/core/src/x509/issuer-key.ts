import { ecdsaHash, isEcdsa } from "../crypto/algorithm-parameters.ts";
import { ecdsaVerifier } from "../crypto/ecdsa.ts";
import { ecdsaSignatureToRaw } from "../crypto/ecdsa-signature.ts";
import { verifyPlainSignature } from "../crypto/plain-signature.ts";
import type { EcdsaHash, EcdsaVerifier } from "../crypto/primitives.ts";
import { coordinateSize, type EcPublicKey, parseEcPublicKeyInfo } from "../crypto/public-key-info.ts";
import { undefinedIfMalformed } from "../errors.ts";
import type { Signed } from "./signed.ts";

/**
 * Whether the signature of a certificate or revocation list was made by the key `issuerPublicKeyInfo` (SubjectPublicKeyInfo
 * DER). A malformed key or signature, or a key of another kind, is `false`. Proves the signature alone: names, validity
 * and permissions of the issuer are for the caller to check.
 */
export function verifySignedBy(signed: Signed, issuerPublicKeyInfo: Uint8Array): Promise<boolean> {
  return new IssuerKey(issuerPublicKeyInfo).hasSigned(signed);
}

/** A public key that proves several signatures: an EC key is imported once for each hash. */
export class IssuerKey {
  readonly #publicKeyInfo: Uint8Array;
  readonly #ec: EcPublicKey | undefined;
  readonly #verifiers = new Map<EcdsaHash, EcdsaVerifier>();

  /** @param publicKeyInfo SubjectPublicKeyInfo, DER. With a malformed key every answer is `false`. */
  constructor(publicKeyInfo: Uint8Array) {
    this.#publicKeyInfo = publicKeyInfo;
    this.#ec = undefinedIfMalformed(() => parseEcPublicKeyInfo(publicKeyInfo));
  }

  /** Whether this key signed a certificate or revocation list, as by {@link verifySignedBy}. */
  async hasSigned({ signatureAlgorithm, signature, tbs }: Signed): Promise<boolean> {
    if (!isEcdsa(signatureAlgorithm)) {
      return verifyPlainSignature(signatureAlgorithm, this.#publicKeyInfo, signature, tbs);
    }
    const ec = this.#ec;
    const raw = ec && undefinedIfMalformed(() => ecdsaSignatureToRaw(signature, coordinateSize(ec.curve)));
    return raw !== undefined && this.hasSignedRaw(raw, tbs, ecdsaHash(signatureAlgorithm));
  }

  /** Whether this EC key made the raw r||s signature over `data`; `false` for other keys. */
  async hasSignedRaw(signature: Uint8Array, data: Uint8Array, hash: EcdsaHash): Promise<boolean> {
    if (this.#ec === undefined) {
      return false;
    }
    const verify = this.#verifiers.get(hash) ?? (await ecdsaVerifier(this.#ec, hash));
    this.#verifiers.set(hash, verify);
    return verify(signature, data);
  }
}
