import {
  CoreError,
  concatBytes,
  decodeBase64,
  decodePem,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  importPkcs8,
  sha256,
  verifyPlainSignature,
} from "@sealserve/core";
import { BundleError } from "./bundle-error.ts";

/** First line of a bundle, in front of its signature: names the format, and the purpose of the signature. */
const MARK = "sealserve-collateral-bundle/1 ";
const LINE_FEED = 0x0a;
/** Ed25519 signatures have 64 bytes. */
const SIGNATURE_LENGTH = 64;
const SIGNATURE_DIGITS = 88;

/**
 * One file of a payload and its signature (Ed25519 over the mark and the payload).
 * @param privateKeyPem PKCS #8, as `sealserve keygen` makes it
 * @throws BundleError `bundle-key-invalid`
 */
export async function signFile(payload: Uint8Array, privateKeyPem: string): Promise<Uint8Array> {
  const key = await readKey("private", async () => importPkcs8(onlyBlock(privateKeyPem, "PRIVATE KEY"), "ed25519"));
  const signature = await key.sign(signedBytes(payload));
  return concatBytes(encodeUtf8(`${MARK}${encodeBase64(signature)}\n`), payload);
}

/** What a key has signed. */
export interface SignedPayload {
  readonly payload: Uint8Array;
  /** SHA-256 of the key (SubjectPublicKeyInfo), hex. */
  readonly signer: string;
}

/**
 * The payload of a file whose signature is by this key.
 * @param publicKeyPem SubjectPublicKeyInfo
 * @throws BundleError `bundle-key-invalid`, `bundle-malformed`, `bundle-signature-invalid`
 */
export async function openSignedFile(file: Uint8Array, publicKeyPem: string): Promise<SignedPayload> {
  const publicKeyInfo = await readKey("public", async () => onlyBlock(publicKeyPem, "PUBLIC KEY"));
  const lineLength = MARK.length + SIGNATURE_DIGITS;
  const line = new TextDecoder().decode(file.subarray(0, lineLength));
  if (!line.startsWith(MARK) || file[lineLength] !== LINE_FEED) {
    throw new BundleError("bundle-malformed", "this is no bundle of collateral", { expected: MARK.trimEnd() });
  }
  const signature = readSignature(line.slice(MARK.length));
  const payload = file.subarray(lineLength + 1);
  if (!(await verifyPlainSignature("ed25519", publicKeyInfo, signature, signedBytes(payload)))) {
    throw new BundleError("bundle-signature-invalid", "the bundle is not signed by the key that was given", {
      remedy: "ask whoever exported it for the public key, on another way than the bundle came",
    });
  }
  return { payload, signer: encodeHex(await sha256(publicKeyInfo)) };
}

/** So that the signature counts for nothing but a bundle. */
function signedBytes(payload: Uint8Array): Uint8Array {
  return concatBytes(encodeUtf8(MARK), payload);
}

function readSignature(text: string): Uint8Array {
  try {
    const signature = decodeBase64(text);
    if (signature.length === SIGNATURE_LENGTH) {
      return signature;
    }
  } catch (cause) {
    if (!(cause instanceof CoreError)) {
      throw cause;
    }
  }
  throw new BundleError("bundle-malformed", "the signature of the bundle cannot be read");
}

function onlyBlock(pem: string, label: string): Uint8Array {
  const [block, ...others] = decodePem(pem, label);
  if (block === undefined || others.length > 0) {
    throw new CoreError("bad-pem", "not exactly one key");
  }
  return block.bytes;
}

/** Drops the reason: what a parser says about a bad key could quote it. */
async function readKey<Key>(half: "private" | "public", read: () => Promise<Key>): Promise<Key> {
  try {
    return await read();
  } catch {
    throw new BundleError("bundle-key-invalid", `this is not a ${half} key for bundles`, {
      expected: `one Ed25519 ${half} key as PEM`,
      remedy: "make a pair with `sealserve keygen`: owner.key signs, owner.pub checks",
    });
  }
}
