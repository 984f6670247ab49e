import type { AppraisalPolicy } from "@sealserve/attestation";
import type { SecretKey } from "./secret-key.ts";

/** A model whose key the broker holds, with everything that is stated together with the key. */
export interface ReleasableModel {
  readonly name: string;
  readonly policy: AppraisalPolicy;
  /** 16 bytes. */
  readonly wrapKey: SecretKey;
  /** SHA-256 of the package's manifest, hex. */
  readonly manifestDigest: string;
  readonly ownerPublicKeyPem: string;
  readonly minimumVersion: number;
}
