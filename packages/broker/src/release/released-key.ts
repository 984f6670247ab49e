import { decodeHex, decodeUtf8, encodeHex, encodeUtf8, type JsonValue, parseStrictJson } from "@sealserve/core";

const WRAP_KEY_LENGTH = 16;
const DIGEST_LENGTH = 32;
const MEMBERS = ["wrapKey", "manifestDigest", "ownerPublicKeyPem", "minimumVersion", "leaseSeconds"];

/** Two weeks. A timer holds no more than 24 days. */
export const MAX_LEASE_SECONDS = 1_209_600;

/** What a serving node gets: the key, and what the package opened with it must be. */
export interface ReleasedKey {
  /** 16 bytes. Secret. */
  readonly wrapKey: Uint8Array;
  /** SHA-256 of the package's manifest, lower-case hex. */
  readonly manifestDigest: string;
  /** The owner's Ed25519 key, PEM. */
  readonly ownerPublicKeyPem: string;
  /** Lowest package version that may be served. */
  readonly minimumVersion: number;
  /**
   * How long the package may be served without new evidence, counted from before the key was asked for; undefined where the
   * owner sets no end.
   */
  readonly leaseSeconds: number | undefined;
}

/** JSON bytes of a released key, to be sealed. */
export function encodeReleasedKey(key: ReleasedKey): Uint8Array {
  const { leaseSeconds = null } = key;
  return encodeUtf8(JSON.stringify({ ...key, wrapKey: encodeHex(key.wrapKey), leaseSeconds }));
}

/** The released key in an opened message, or undefined when it is malformed. */
export function decodeReleasedKey(bytes: Uint8Array): ReleasedKey | undefined {
  try {
    return readReleasedKey(parseStrictJson(decodeUtf8(bytes), { maxDepth: 1 }));
  } catch {
    // Not handed on: the cause could quote what is secret.
    return undefined;
  }
}

function readReleasedKey(value: JsonValue): ReleasedKey | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  const { wrapKey, manifestDigest, ownerPublicKeyPem, minimumVersion, leaseSeconds } = value;
  const complete = Object.keys(value).length === MEMBERS.length;
  if (typeof wrapKey !== "string" || typeof manifestDigest !== "string" || typeof ownerPublicKeyPem !== "string") {
    return undefined;
  }
  if (!complete || !isCount(minimumVersion) || !isLease(leaseSeconds) || ownerPublicKeyPem === "") {
    return undefined;
  }
  return {
    wrapKey: decodeHex(wrapKey, WRAP_KEY_LENGTH),
    manifestDigest: encodeHex(decodeHex(manifestDigest, DIGEST_LENGTH)),
    ownerPublicKeyPem,
    minimumVersion,
    leaseSeconds: leaseSeconds ?? undefined,
  };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

/** A key without end says so: a lease that is left out is none of either kind. */
function isLease(value: JsonValue | undefined): value is number | null {
  return value === null || (isCount(value) && value <= MAX_LEASE_SECONDS);
}
