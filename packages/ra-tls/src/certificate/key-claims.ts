import { equalBytes, sha256, sha384, sha512 } from "@sealserve/core";
import { encodeCborArray, encodeCborBytes, encodeCborMap, encodeCborText, encodeCborUnsigned } from "../cbor/encode.ts";
import { CborReader } from "../cbor/reader.ts";
import { RaTlsError } from "../errors.ts";

const KEY_CLAIM = "pubkey-hash";
/** Ours, not Gramine's, whose verifiers pass over claims they do not know. */
const TIME_CLAIM = "sealserve-issued-at";
const MAX_CLAIMS = 16;

/** 9999-12-31T23:59:59Z in seconds since 1970. */
const LATEST_TIME = 253_402_300_799n;

/** Hash algorithms by their number in the IANA "Named Information Hash Algorithm" registry. */
const HASH_ALGORITHMS = new Map<bigint, (data: Uint8Array) => Promise<Uint8Array>>([
  [1n, sha256],
  [7n, sha384],
  [8n, sha512],
]);
const SHA_256_ID = 1;

/** What claims say beside naming the key. */
export interface KeyClaims {
  /** When the evidence was asked for, by the clock of whoever asked; undefined when the claims do not say. */
  readonly issuedAt: Date | undefined;
}

/**
 * Claims that name a key by the SHA-256 of its SubjectPublicKeyInfo, as Gramine writes them: 51 bytes.
 * @param issuedAt is claimed too, to the second; the claims are then longer than Gramine's
 */
export async function encodeKeyClaims(publicKeyInfo: Uint8Array, issuedAt?: Date): Promise<Uint8Array> {
  const entry = encodeCborArray(encodeCborUnsigned(SHA_256_ID), encodeCborBytes(await sha256(publicKeyInfo)));
  const keyClaim = [encodeCborText(KEY_CLAIM), encodeCborBytes(entry)] as const;
  if (issuedAt === undefined) {
    return encodeCborMap(keyClaim);
  }
  const seconds = encodeCborUnsigned(Math.floor(issuedAt.getTime() / 1000));
  return encodeCborMap(keyClaim, [encodeCborText(TIME_CLAIM), encodeCborBytes(seconds)]);
}

/**
 * Proves that the claims name the key. Stricter than Gramine, which accepts claims without a key hash: exactly one is
 * required here. Unknown claims are passed over.
 * @throws RaTlsError `bad-cbor`, `key-not-bound`
 */
export async function verifyKeyClaims(claims: Uint8Array, publicKeyInfo: Uint8Array): Promise<KeyClaims> {
  const found = parseClaims(claims);
  const entry = found.get(KEY_CLAIM);
  if (entry === undefined) {
    throw new RaTlsError("key-not-bound", "the claims do not name a key", { expected: `a ${KEY_CLAIM} claim` });
  }
  await verifyHashEntry(entry, publicKeyInfo);
  const time = found.get(TIME_CLAIM);
  return { issuedAt: time === undefined ? undefined : parseTime(time) };
}

async function verifyHashEntry(entry: Uint8Array, publicKeyInfo: Uint8Array): Promise<void> {
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

function parseTime(claim: Uint8Array): Date {
  const reader = new CborReader(claim, TIME_CLAIM);
  const seconds = reader.unsigned();
  reader.expectEnd();
  if (seconds > LATEST_TIME) {
    throw new RaTlsError("bad-cbor", `${TIME_CLAIM} is no time`, { actual: `${seconds}` });
  }
  return new Date(1000 * Number(seconds));
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
