import { decodeBase64, decodeHex, encodeBase64, encodeHex, sliceJsonMember } from "@sealserve/core";
import { isModelName } from "@sealserve/encrypted-files";
import { decodeMember, parseTextMessage, RaTlsError } from "@sealserve/ra-tls";
import type { SealedKey } from "../release/sealed-key.ts";

/** Asks for a nonce (POST, empty JSON object). */
export const CHALLENGE_PATH = "/v1/challenge";

/** Asks for a key, on the connection that the nonce came on (POST). */
export const RELEASE_PATH = "/v1/release";

/** Longest body of a request or an answer, bytes. */
export const MAX_BODY_LENGTH = 64 * 1024;

const NONCE_LENGTH = 32;
const DIGEST_LENGTH = 32;
const ERROR_CODE = /^[a-z-]{1,64}$/;
const ERROR_ID = /^[A-Za-z0-9-]{0,64}$/;

/** What a caller learns when it gets no key. Details are for the owner's log. */
export type OutsideCode =
  | "refused"
  | "collateral-unavailable"
  | "bad-request"
  | "body-too-large"
  | "not-found"
  | "internal";

/** Asks for the key of a model. */
export interface ReleaseRequest {
  readonly model: string;
  readonly evidence: Uint8Array;
  /** The key to seal the answer to: an uncompressed P-256 point made inside the TEE, 65 bytes. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of the manifest of the package whose lease is to be renewed; empty where none is served yet. */
  readonly manifestDigest: Uint8Array;
}

/** An answer without a key. */
export interface ErrorAnswer {
  readonly code: string;
  readonly id: string;
}

/** @throws RaTlsError `bad-message` unless the text is an empty JSON object */
export function decodeChallengeRequest(text: string): void {
  parseTextMessage(text, [], limitsOf("challenge request"));
}

export function encodeChallengeAnswer(nonce: Uint8Array): string {
  return JSON.stringify({ nonce: encodeHex(nonce) });
}

/** @throws RaTlsError `bad-message` */
export function decodeChallengeAnswer(text: string): Uint8Array {
  const what = "challenge";
  const { nonce } = parseTextMessage(text, ["nonce"], limitsOf(what));
  return decodeMember(what, "nonce", () => decodeHex(nonce, NONCE_LENGTH));
}

export function encodeReleaseRequest({ model, evidence, publicKey, manifestDigest }: ReleaseRequest): string {
  return JSON.stringify({
    model,
    evidence: encodeBase64(evidence),
    publicKey: encodeBase64(publicKey),
    manifestDigest: encodeHex(manifestDigest),
  });
}

/** @throws RaTlsError `bad-message` */
export function decodeReleaseRequest(text: string): ReleaseRequest {
  const what = "release request";
  const names = ["model", "evidence", "publicKey", "manifestDigest"] as const;
  const { model, ...members } = parseTextMessage(text, names, limitsOf(what));
  if (!isModelName(model)) {
    throw new RaTlsError("bad-message", `${what}: model is no model name`);
  }
  return {
    model,
    evidence: decodeMember(what, "evidence", () => decodeBase64(members.evidence)),
    publicKey: decodeMember(what, "publicKey", () => decodeBase64(members.publicKey)),
    manifestDigest: decodeMember(what, "manifestDigest", () => decodeDigestOrNone(members.manifestDigest)),
  };
}

export function encodeReleaseAnswer({ enc, ciphertext }: SealedKey): string {
  return JSON.stringify({ enc: encodeBase64(enc), ciphertext: encodeBase64(ciphertext) });
}

/** @throws RaTlsError `bad-message` */
export function decodeReleaseAnswer(text: string): SealedKey {
  const what = "release answer";
  const { enc, ciphertext } = parseTextMessage(text, ["enc", "ciphertext"], limitsOf(what));
  return {
    enc: decodeMember(what, "enc", () => decodeBase64(enc)),
    ciphertext: decodeMember(what, "ciphertext", () => decodeBase64(ciphertext)),
  };
}

export function encodeErrorAnswer(code: OutsideCode, id: string): string {
  return JSON.stringify({ error: { code, id } });
}

/** @throws RaTlsError `bad-message`, also when code or id hold anything that should not reach a terminal */
export function decodeErrorAnswer(text: string): ErrorAnswer {
  const what = "error answer";
  const { code, id } = parseTextMessage(sliceError(text, what), ["code", "id"], limitsOf(what));
  if (!ERROR_CODE.test(code) || !ERROR_ID.test(id)) {
    throw new RaTlsError("bad-message", `${what} is malformed`);
  }
  return { code, id };
}

function sliceError(text: string, what: string): string {
  return decodeMember(what, "error", () => sliceJsonMember(text, "error", { maxLength: MAX_BODY_LENGTH }));
}

function decodeDigestOrNone(text: string): Uint8Array {
  return text === "" ? new Uint8Array() : decodeHex(text, DIGEST_LENGTH);
}

function limitsOf(what: string): { what: string; maxLength: number } {
  return { what, maxLength: MAX_BODY_LENGTH };
}
