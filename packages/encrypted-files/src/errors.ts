import { SealserveError } from "@sealserve/core";

/** Codes of {@link EncryptedFilesError}. */
export type EncryptedFilesErrorCode =
  // keys
  | "wrap-key-size"
  | "owner-key-invalid"
  | "key-file-exists"
  // one encrypted file
  | "invalid-header"
  | "invalid-version"
  | "authentication-failed"
  | "malformed-metadata"
  | "corrupted"
  | "invalid-path"
  | "path-too-long"
  | "out-of-range"
  | "pending-write"
  // the file system
  | "input-missing"
  | "input-unreadable"
  | "input-changed"
  | "not-a-regular-file"
  | "symlink"
  | "output-exists"
  | "output-failed"
  | "output-unflushed"
  // making a package
  | "invalid-argument"
  | "model-directory-missing"
  | "model-layout"
  | "model-empty"
  | "already-encrypted"
  | "too-many-files"
  | "tls-invalid"
  // opening a package
  | "manifest-missing"
  | "manifest-too-large"
  | "signature-invalid"
  | "manifest-digest-mismatch"
  | "manifest-invalid"
  | "unsafe-path"
  | "path-clash"
  | "model-name-mismatch"
  | "version-too-old"
  | "file-unlisted"
  | "file-missing"
  | "file-size-mismatch"
  | "file-digest-mismatch";

/** An encrypted file or a sealed package was refused, or could not be made. The message names the file. */
export class EncryptedFilesError extends SealserveError<EncryptedFilesErrorCode> {}
