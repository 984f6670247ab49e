import { decodeBase64, decodeHex, encodeBase64, encodeHex, equalBytes } from "@sealserve/core";
import { RaTlsError } from "./errors.ts";
import type { EvidenceAnswer } from "./evidence-exchange.ts";
import { reportDataFor } from "./statement.ts";
import { teeNamed } from "./tee-name.ts";
import { decodeMember, parseTextMessage } from "./text-message.ts";

/** Path of a serving node that answers with evidence and all that it speaks for (GET with `?nonce=HEX`, or POST). */
export const ATTESTATION_PATH = "/attestation";

/** Longest answer, bytes. */
export const MAX_ATTESTATION_ANSWER = 65_536;

const ANSWER = { what: "attestation answer", maxLength: MAX_ATTESTATION_ANSWER };
const DIGEST_LENGTH = 32;
const REPORT_DATA_LENGTH = 64;
const PURPOSE = "serving";
const NAMES = [
  "tee",
  "evidence",
  "purpose",
  "model",
  "manifestDigest",
  "nonce",
  "exporter",
  "serverCertificateSha256",
  "reportData",
] as const;

/**
 * Evidence of a serving node with every field of the statement that it was made for, so that it can be judged without the
 * connection that it came on. What the connection was, only its two ends know: who compares neither exporter nor certificate
 * with her own learns what answered, not whom she talks to.
 */
export interface AttestationAnswer extends EvidenceAnswer {
  /** 32 bytes of whoever asked. */
  readonly nonce: Uint8Array;
  /** 32 bytes of keying material of the TLS connection that it was asked on. */
  readonly exporter: Uint8Array;
  readonly serverCertificateSha256: Uint8Array;
  /** The 64 bytes that follow from the other fields, and that the evidence must carry. */
  readonly reportData: Uint8Array;
}

/** JSON text of an answer. */
export function encodeAttestationAnswer(answer: AttestationAnswer): string {
  return JSON.stringify({
    tee: answer.tee,
    evidence: encodeBase64(answer.evidence),
    purpose: PURPOSE,
    model: answer.model,
    manifestDigest: encodeHex(answer.manifestDigest),
    nonce: encodeHex(answer.nonce),
    exporter: encodeHex(answer.exporter),
    serverCertificateSha256: encodeHex(answer.serverCertificateSha256),
    reportData: encodeHex(answer.reportData),
  });
}

/**
 * Reads an answer. Nothing of it is proven before the evidence is, with this report data in it.
 * @throws RaTlsError `bad-message`, also when the report data does not follow from the other fields
 */
export async function decodeAttestationAnswer(text: string): Promise<AttestationAnswer> {
  const answer = parseAttestationAnswer(text);
  const expected = await reportDataFor({ ...answer, purpose: PURPOSE, publicKey: new Uint8Array() });
  if (!equalBytes(answer.reportData, expected)) {
    throw new RaTlsError("bad-message", "attestation answer: reportData does not follow from the other members");
  }
  return answer;
}

/** As {@link decodeAttestationAnswer}, without a look at what follows from what. @throws RaTlsError `bad-message` */
export function parseAttestationAnswer(text: string): AttestationAnswer {
  const members = parseTextMessage(text, NAMES, ANSWER);
  const hex = (name: (typeof NAMES)[number], length: number): Uint8Array =>
    decodeMember(ANSWER.what, name, () => decodeHex(members[name], length));
  if (members.purpose !== PURPOSE || members.model === "" || members.evidence === "") {
    throw new RaTlsError("bad-message", "attestation answer has an empty member, or was not made for serving");
  }
  return {
    tee: teeNamed(members.tee, ANSWER.what),
    evidence: decodeMember(ANSWER.what, "evidence", () => decodeBase64(members.evidence)),
    model: members.model,
    manifestDigest: hex("manifestDigest", DIGEST_LENGTH),
    nonce: hex("nonce", DIGEST_LENGTH),
    exporter: hex("exporter", DIGEST_LENGTH),
    serverCertificateSha256: hex("serverCertificateSha256", DIGEST_LENGTH),
    reportData: hex("reportData", REPORT_DATA_LENGTH),
  };
}
