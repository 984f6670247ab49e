import { SealserveError } from "@sealserve/core";

/** Codes of {@link BundleError}. */
export type BundleErrorCode =
  /** A key for bundles is not an Ed25519 key of the right half. */
  | "bundle-key-invalid"
  /** The file is no bundle or backup, or is damaged. */
  | "bundle-malformed"
  /** The signature is not by the key that is pinned. */
  | "bundle-signature-invalid"
  /** Something in it does not verify, or is older than what is stored. */
  | "bundle-refused"
  /** A backup is restored to an empty database of its own schema alone. */
  | "restore-refused";

/** A bundle or backup that cannot be made or used. */
export class BundleError extends SealserveError<BundleErrorCode> {}
