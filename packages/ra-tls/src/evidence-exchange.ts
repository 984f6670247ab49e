import { decodeBase64, decodeHex, encodeBase64, encodeHex } from "@sealserve/core";
import { RaTlsError } from "./errors.ts";
import { type TeeName, teeNamed } from "./tee-name.ts";
import { decodeMember, parseTextMessage } from "./text-message.ts";

/** Path of a serving node that answers with evidence for the connection it is asked on (POST). */
export const EVIDENCE_PATH = "/sealserve/v1/evidence";

const REQUEST = { what: "evidence request", maxLength: 1024 };
const ANSWER = { what: "evidence answer", maxLength: 65536 };
const DIGEST_LENGTH = 32;

/** Asks a serving node for evidence. */
export interface EvidenceRequest {
  /** 32 random bytes of the requester. */
  readonly nonce: Uint8Array;
}

/** A serving node's answer. None of it is proven before the evidence is verified and appraised. */
export interface EvidenceAnswer {
  readonly tee: TeeName;
  readonly evidence: Uint8Array;
  readonly model: string;
  /** SHA-256 of the manifest of the package that is served. */
  readonly manifestDigest: Uint8Array;
}

/** JSON text of a request. */
export function encodeEvidenceRequest(request: EvidenceRequest): string {
  return JSON.stringify({ nonce: encodeHex(request.nonce) });
}

/** @throws RaTlsError `bad-message` */
export function decodeEvidenceRequest(text: string): EvidenceRequest {
  const { nonce } = parseTextMessage(text, ["nonce"], REQUEST);
  return { nonce: decodeMember(REQUEST.what, "nonce", () => decodeHex(nonce, DIGEST_LENGTH)) };
}

/** JSON text of an answer. */
export function encodeEvidenceAnswer(answer: EvidenceAnswer): string {
  return JSON.stringify({
    tee: answer.tee,
    evidence: encodeBase64(answer.evidence),
    model: answer.model,
    manifestDigest: encodeHex(answer.manifestDigest),
  });
}

/** @throws RaTlsError `bad-message` */
export function decodeEvidenceAnswer(text: string): EvidenceAnswer {
  const members = parseTextMessage(text, ["tee", "evidence", "model", "manifestDigest"], ANSWER);
  if (members.model === "" || members.evidence === "") {
    throw new RaTlsError("bad-message", "evidence answer has an empty member");
  }
  return {
    tee: teeNamed(members.tee, ANSWER.what),
    evidence: decodeMember(ANSWER.what, "evidence", () => decodeBase64(members.evidence)),
    model: members.model,
    manifestDigest: decodeMember(ANSWER.what, "manifestDigest", () => decodeHex(members.manifestDigest, DIGEST_LENGTH)),
  };
}
