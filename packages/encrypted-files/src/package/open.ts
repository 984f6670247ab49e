import type { EncryptedContent, ReadOptions } from "../encrypted-content.ts";
import { EncryptedFilesError } from "../errors.ts";
import { quoteName } from "../path.ts";
import { checkWrapKey } from "../wrap-key.ts";
import { withListedFile } from "./listed-file.ts";
import type { Manifest, PackageFile } from "./manifest.ts";
import { checkPackageDirectory, readSignedManifest } from "./package-directory.ts";
import { modelDirectoryPath } from "./package-path.ts";
import { type ManifestExpectations, type VerifiedManifest, verifyManifest } from "./verify-manifest.ts";

/** Options of {@link openPackage}. */
export type OpenPackageOptions = ManifestExpectations & {
  /** 16 bytes. Used for as long as the package is read, not copied: wipe it when nothing more is to be read. */
  readonly wrapKey: Uint8Array;
};

/** A package whose manifest and list of files were checked. Each file is checked when it is read. */
export class OpenedPackage {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, lower-case hex. */
  readonly manifestDigest: string;
  readonly #directory: string;
  readonly #wrapKey: Uint8Array;

  /** Use {@link openPackage}. */
  constructor(directory: string, verified: VerifiedManifest, wrapKey: Uint8Array) {
    this.manifest = verified.manifest;
    this.manifestDigest = verified.manifestDigest;
    this.#directory = directory;
    this.#wrapKey = wrapKey;
  }

  /**
   * Plaintext of one file, by its path in the package. The bytes that were checked are the bytes that were decrypted.
   * @param options threads that decrypt, and what stops it
   * @throws EncryptedFilesError `file-unlisted`, `file-missing`, `file-size-mismatch`, `file-digest-mismatch`, and those of
   * an encrypted file, or the signal's reason
   */
  async read(path: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.manifest.files.find((listed) => listed.path === path);
    if (file === undefined) {
      throw new EncryptedFilesError("file-unlisted", `the package has no file ${quoteName(path)}`);
    }
    return this.#decrypt(file, options);
  }

  /** Plaintext of all model files, in memory: by model version, then by path in the version's directory. */
  async modelFiles(): Promise<Map<string, Map<string, Uint8Array<ArrayBuffer>>>> {
    const versions = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
    const prefix = modelDirectoryPath(this.manifest.model.name);
    for (const file of this.manifest.files) {
      if (file.role === "model") {
        const [version = "", ...rest] = file.path.slice(prefix.length).split("/");
        const files = versions.get(version) ?? new Map<string, Uint8Array<ArrayBuffer>>();
        versions.set(version, files.set(rest.join("/"), await this.#decrypt(file)));
      }
    }
    return versions;
  }

  /** What turns out not to be as the owner signed it is overwritten, were it genuine in itself. */
  async #decrypt(file: PackageFile, options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    let plain: Uint8Array<ArrayBuffer> | undefined;
    const read = async (content: EncryptedContent): Promise<Uint8Array<ArrayBuffer>> => {
      plain = await content.readAll(options);
      return plain;
    };
    try {
      return await withListedFile(this.#directory, file, this.#wrapKey, read, options.signal);
    } catch (error) {
      plain?.fill(0);
      throw error;
    }
  }
}

/**
 * Opens a sealed package: the owner's signature over the manifest, what was expected of it, and that the directory holds
 * exactly the files it lists. Decrypts nothing yet.
 * @throws EncryptedFilesError
 */
export async function openPackage(directory: string, options: OpenPackageOptions): Promise<OpenedPackage> {
  checkWrapKey(options.wrapKey);
  return new OpenedPackage(directory, await verifyPackage(directory, options), options.wrapKey);
}

/**
 * Checks all of a sealed package that can be checked without its key and without reading its files: signature, manifest,
 * expectations, and that the directory holds exactly the listed files in their sizes.
 * @throws EncryptedFilesError
 */
export async function verifyPackage(directory: string, expectations: ManifestExpectations): Promise<VerifiedManifest> {
  const { manifest, signature } = await readSignedManifest(directory);
  const verified = verifyManifest(manifest, signature, expectations);
  await checkPackageDirectory(directory, verified.manifest);
  return verified;
}
