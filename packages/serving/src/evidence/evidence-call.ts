import { decodeHex } from "@sealserve/core";
import {
  ATTESTATION_PATH,
  type AttestationAnswer,
  decodeEvidenceRequest,
  EVIDENCE_PATH,
  encodeAttestationAnswer,
  encodeEvidenceAnswer,
  RaTlsError,
} from "@sealserve/ra-tls";

/** One way to ask for evidence. */
export interface EvidenceCall {
  /** The requester's nonce, 32 bytes. @param body text of the request's body @throws RaTlsError `bad-message` */
  nonce(body: string): Uint8Array;
  /** JSON text of the answer. */
  encode(answer: AttestationAnswer): string;
}

/** The call that a request line is, if it asks for evidence. */
export function findEvidenceCall(method: string | undefined, target: string | undefined): EvidenceCall | undefined {
  if (method === "POST" && target === EVIDENCE_PATH) {
    return { nonce: nonceOfBody, encode: encodeEvidenceAnswer };
  }
  if (method === "POST" && target === ATTESTATION_PATH) {
    return { nonce: nonceOfBody, encode: encodeAttestationAnswer };
  }
  const [path, query = ""] = target?.split(/\?(.*)/s) ?? [];
  if (method === "GET" && path === ATTESTATION_PATH) {
    return { nonce: (body) => nonceOfQuery(query, body), encode: encodeAttestationAnswer };
  }
  return undefined;
}

function nonceOfBody(body: string): Uint8Array {
  return decodeEvidenceRequest(body).nonce;
}

function nonceOfQuery(query: string, body: string): Uint8Array {
  const nonce = /^nonce=([0-9A-Fa-f]{64})$/.exec(query)?.[1];
  if (nonce === undefined || body !== "") {
    throw new RaTlsError(
      "bad-message",
      `ask for ${ATTESTATION_PATH}?nonce= and 32 random bytes in hex, without a body`,
    );
  }
  return decodeHex(nonce);
}
