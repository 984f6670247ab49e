import type { KeyFormat } from "../config/secret-format.ts";
import type { Candidate } from "../release/candidate.ts";
import type { SecretKey } from "./secret-key.ts";

/** A model whose key the broker holds, with everything that is stated together with the key. */
export interface ReleasableModel extends Candidate {
  /** 16 bytes. */
  readonly wrapKey: SecretKey;
  readonly keyFormat: KeyFormat;
  /** SHA-256 of the package's manifest, hex. */
  readonly manifestDigest: string;
  readonly ownerPublicKeyPem: string;
  readonly minimumVersion: number;
  /** How long a node may serve before its evidence is judged again; undefined for a key without end. */
  readonly leaseSeconds: number | undefined;
}
