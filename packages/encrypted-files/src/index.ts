export { type ByteSource, type FileSource, openFileSource } from "./byte-source.ts";
export { type DecryptedBytes, decryptBytes, encryptBytes } from "./bytes.ts";
export {
  type DecryptDirectoryOptions,
  type DirectoryReport,
  decryptDirectory,
  type EncryptDirectoryOptions,
  encryptDirectory,
} from "./directories.ts";
export { type EncryptedContent, openEncryptedContent } from "./encrypted-content.ts";
export { EncryptedFilesError, type EncryptedFilesErrorCode } from "./errors.ts";
export {
  type DecryptFileOptions,
  decryptFile,
  type EncryptFileOptions,
  encryptFile,
  type Progress,
  type ProgressOptions,
} from "./files.ts";
export { type FormatVersion, hasEncryptedFileMagic, MAX_PATH_SIZE } from "./format/metadata-node.ts";
export type { ThreadOptions } from "./groups/threads.ts";
export { type FileInspection, type InspectFileOptions, inspectFile } from "./inspect.ts";
export {
  MANIFEST_FILE,
  MAX_MANIFEST_SIZE,
  MAX_PACKAGE_FILES,
  type Manifest,
  PACKAGE_FORMAT,
  type PackageFile,
  type PackageFileRole,
  SIGNATURE_FILE,
} from "./package/manifest.ts";
export { isModelName, type ModelIdentity, type PackageVersionInput } from "./package/model-identity.ts";
export { type OpenedPackage, type OpenPackageOptions, openPackage, verifyPackage } from "./package/open.ts";
export { generateOwnerKey, type OwnerKey, parseOwnerPublicKey, writeOwnerKey } from "./package/owner-key.ts";
export { TLS_CERTIFICATE_PATH, TLS_KEY_PATH } from "./package/package-path.ts";
export { type SealedPackage, type SealPackageOptions, sealPackage } from "./package/seal.ts";
export type { TlsPair } from "./package/tls-pair.ts";
export { type UnsealPackageOptions, unsealPackage } from "./package/unseal.ts";
export {
  type ManifestExpectations,
  manifestDigestOf,
  type VerifiedManifest,
  verifyManifest,
} from "./package/verify-manifest.ts";
export { normalizePath } from "./path.ts";
export { type RekeyFileOptions, rekeyFile } from "./rekey.ts";
export { type RenameFileOptions, renameFile } from "./rename.ts";
export { generateWrapKey, readWrapKey, WRAP_KEY_SIZE, writeWrapKey } from "./wrap-key.ts";
