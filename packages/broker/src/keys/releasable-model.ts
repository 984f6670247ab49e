import type { AppraisalPolicy } from "@sealserve/attestation";
import type { KeyFormat } from "../config/broker-config.ts";
import type { SecretKey } from "./secret-key.ts";

/** A model whose key the broker holds, with everything that is stated together with the key. */
export interface ReleasableModel {
  readonly name: string;
  readonly policy: AppraisalPolicy;
  /** 16 bytes. */
  readonly wrapKey: SecretKey;
  readonly keyFormat: KeyFormat;
  /** SHA-256 of the package's manifest, hex. */
  readonly manifestDigest: string;
  readonly ownerPublicKeyPem: string;
  readonly minimumVersion: number;
}
