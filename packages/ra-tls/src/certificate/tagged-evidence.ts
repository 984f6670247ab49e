import { encodeCborArray, encodeCborBytes, encodeCborTag } from "../cbor/encode.ts";
import { CborReader } from "../cbor/reader.ts";
import { RaTlsError } from "../errors.ts";
import { checkEvidenceSize } from "./evidence-size.ts";

/** CBOR tag of an SGX or TDX quote with claims (TCG DICE; interoperable RA-TLS). */
const QUOTE_TAG = 60000;

/** Content of the tagged evidence extension. */
export interface TaggedEvidence {
  readonly evidence: Uint8Array;
  /** The claims as serialised: the evidence's report data starts with their SHA-256. */
  readonly claims: Uint8Array;
}

/** Value of the tagged evidence extension. */
export function encodeTaggedEvidence({ evidence, claims }: TaggedEvidence): Uint8Array {
  return encodeCborTag(QUOTE_TAG, encodeCborArray(encodeCborBytes(evidence), encodeCborBytes(claims)));
}

/** @throws RaTlsError `bad-cbor`, `bad-evidence` */
export function parseTaggedEvidence(value: Uint8Array): TaggedEvidence {
  const reader = new CborReader(value, "tagged evidence");
  const tag = reader.tag();
  if (tag !== QUOTE_TAG) {
    throw new RaTlsError("bad-evidence", "evidence has another tag", { expected: `${QUOTE_TAG}`, actual: `${tag}` });
  }
  if (reader.array() !== 2) {
    throw new RaTlsError("bad-evidence", "tagged evidence is not a pair of evidence and claims");
  }
  const evidence = checkEvidenceSize(reader.bytes());
  const claims = reader.bytes();
  reader.expectEnd();
  return { evidence, claims };
}
