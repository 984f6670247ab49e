import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256, HpkeError } from "@hpke/core";
import { encodeUtf8 } from "@sealserve/core";
import { lengthPrefixed } from "@sealserve/ra-tls";
import { decodeReleasedKey, encodeReleasedKey, type ReleasedKey } from "./released-key.ts";

const DOMAIN = "sealserve key release v1";

/** HPKE (RFC 9180), base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** A released key that only the holder of the recipient's private key can read. */
export interface SealedKey {
  /** The encapsulated key, 65 bytes. */
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** What a sealed key belongs to; one sealed for another request does not open. */
export interface SealContext {
  readonly nonce: Uint8Array;
  readonly model: string;
}

/** Makes the recipient's key pair for one request. `publicKey` is the uncompressed P-256 point, 65 bytes. */
export async function generateRecipientKey(): Promise<{ keyPair: CryptoKeyPair; publicKey: Uint8Array }> {
  const keyPair = await suite.kem.generateKeyPair();
  return { keyPair, publicKey: new Uint8Array(await suite.kem.serializePublicKey(keyPair.publicKey)) };
}

/** The recipient's public key, or undefined when the bytes are no point of the curve. */
export async function parseRecipientKey(publicKey: Uint8Array): Promise<CryptoKey | undefined> {
  return await undefinedWhenRefused(() => suite.kem.deserializePublicKey(Uint8Array.from(publicKey)));
}

/** Seals a released key to the recipient, for one request. */
export async function sealReleasedKey(
  key: ReleasedKey,
  recipientPublicKey: CryptoKey,
  context: SealContext,
): Promise<SealedKey> {
  const plain = encodeReleasedKey(key);
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: infoOf(context) }, plain);
  plain.fill(0);
  return { enc: new Uint8Array(enc), ciphertext: new Uint8Array(ct) };
}

/** Opens a sealed key. Undefined when it is damaged, or sealed to another key or for another request. */
export async function openReleasedKey(
  { enc, ciphertext }: SealedKey,
  keyPair: CryptoKeyPair,
  context: SealContext,
): Promise<ReleasedKey | undefined> {
  const opened = await undefinedWhenRefused(() =>
    suite.open(
      { recipientKey: keyPair, enc: Uint8Array.from(enc), info: infoOf(context) },
      Uint8Array.from(ciphertext),
    ),
  );
  if (opened === undefined) {
    return undefined;
  }
  const plain = new Uint8Array(opened);
  const key = decodeReleasedKey(plain);
  plain.fill(0);
  return key;
}

function infoOf({ nonce, model }: SealContext): Uint8Array {
  return lengthPrefixed(encodeUtf8(DOMAIN), nonce, encodeUtf8(model));
}

async function undefinedWhenRefused<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof HpkeError) {
      return undefined;
    }
    throw error;
  }
}
