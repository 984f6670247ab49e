import { concatBytes, equalBytes, sha256, sha384, sha512 } from "@sealserve/core";
import {
  encodeCborArray,
  encodeCborBytes,
  encodeCborMap,
  encodeCborTag,
  encodeCborText,
  encodeCborUnsigned,
} from "../cbor/encode.ts";
import { CborReader } from "../cbor/reader.ts";
import { RaTlsError } from "../errors.ts";
import { checkEvidenceSize } from "./evidence-size.ts";

/** CBOR tag of an SGX or TDX quote with claims (TCG DICE; interoperable RA-TLS). */
const QUOTE_TAG = 60000;

const KEY_CLAIM = "pubkey-hash";
const MAX_CLAIMS = 16;

/** Hash algorithms by their number in the IANA "Named Information Hash Algorithm" registry. */
const HASH_ALGORITHMS = new Map<bigint, (data: Uint8Array) => Promise<Uint8Array>>([
  [1n, sha256],
  [7n, sha384],
  [8n, sha512],
]);
const SHA_256_ID = 1;

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

/** Claims that name a key by the SHA-256 of its SubjectPublicKeyInfo, as Gramine writes them. */
export async function encodeKeyClaims(publicKeyInfo: Uint8Array): Promise<Uint8Array> {
  const entry = encodeCborArray(encodeCborUnsigned(SHA_256_ID), encodeCborBytes(await sha256(publicKeyInfo)));
  return encodeCborMap([encodeCborText(KEY_CLAIM), encodeCborBytes(entry)]);
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

/**
 * Proves that the claims name the key. Stricter than Gramine, which accepts claims without a key hash: exactly one is
 * required here. Other claims are passed over.
 * @throws RaTlsError `bad-cbor`, `key-not-bound`
 */
export async function verifyKeyClaims(claims: Uint8Array, publicKeyInfo: Uint8Array): Promise<void> {
  const entry = parseClaims(claims).get(KEY_CLAIM);
  if (entry === undefined) {
    throw new RaTlsError("key-not-bound", "the claims do not name a key", { expected: `a ${KEY_CLAIM} claim` });
  }
  const reader = new CborReader(entry, KEY_CLAIM);
  if (reader.array() !== 2) {
    throw new RaTlsError("bad-cbor", `${KEY_CLAIM} is not a pair of algorithm and hash`);
  }
  const algorithm = reader.unsigned();
  const claimed = reader.bytes();
  reader.expectEnd();
  const hash = HASH_ALGORITHMS.get(algorithm);
  if (hash === undefined) {
    throw new RaTlsError("key-not-bound", "the key is named with an unknown hash algorithm", {
      expected: "1 (SHA-256), 7 (SHA-384) or 8 (SHA-512)",
      actual: `${algorithm}`,
    });
  }
  if (!equalBytes(claimed, await hash(publicKeyInfo))) {
    throw new RaTlsError("key-not-bound", "the claims name another key than the certificate's");
  }
}

/** Report data of a quote that covers `content`: its SHA-256, then zeros. 64 bytes. */
export async function reportDataOver(content: Uint8Array): Promise<Uint8Array> {
  return concatBytes(await sha256(content), new Uint8Array(32));
}

function parseClaims(claims: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const reader = new CborReader(claims, "claims");
  const count = reader.map();
  if (count > MAX_CLAIMS) {
    throw new RaTlsError("bad-cbor", "too many claims", { expected: `at most ${MAX_CLAIMS}`, actual: `${count}` });
  }
  const found = new Map<string, Uint8Array>();
  for (let index = 0; index < count; index++) {
    const name = reader.text();
    if (found.has(name)) {
      throw new RaTlsError("bad-cbor", "a claim stands twice");
    }
    found.set(name, reader.bytes());
  }
  reader.expectEnd();
  return found;
}
