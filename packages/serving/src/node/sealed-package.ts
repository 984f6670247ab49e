import type { ReleasedKey } from "@sealserve/broker/client";
import { type OpenedPackage, openPackage } from "@sealserve/encrypted-files";
import type { LoadedModel } from "@sealserve/models";
import { NodeError } from "../errors.ts";
import type { AspiredVersion } from "../life/aspired-version.ts";
import type { SealedModelOption } from "../options/server-options.ts";
import { decryptVersion, wipeAll } from "./decrypt.ts";
import type { PackagedVersion } from "./packaged-versions.ts";
import type { LoadVersion } from "./version-loader.ts";

/** Asks the owner's broker for the key of the package, with fresh evidence. */
export type ReleaseKey = (signal: AbortSignal) => Promise<ReleasedKey>;

/**
 * The sealed package of a node. Its key is here only while versions are loaded: one that has to be read again later, since
 * its engine has ended, is opened with a key that is released anew.
 */
export class SealedPackage {
  readonly #option: Pick<SealedModelOption, "model" | "packageDirectory">;
  readonly #release: ReleaseKey;
  readonly #load: LoadVersion;
  /** Digest of the package that was opened first; no other is opened in the life of a node. */
  #manifestDigest: string | undefined;
  #open: { readonly package: OpenedPackage; readonly wrapKey: Uint8Array } | undefined;

  constructor(option: Pick<SealedModelOption, "model" | "packageDirectory">, release: ReleaseKey, load: LoadVersion) {
    this.#option = option;
    this.#release = release;
    this.#load = load;
  }

  /**
   * Verifies the package and keeps its key, for the versions that are loaded from now on, until {@link forgetKey}.
   *
   * @throws EncryptedFilesError
   * @throws NodeError `package-replaced`
   */
  async open(released: ReleasedKey): Promise<OpenedPackage> {
    const opened = await this.#verify(released);
    this.#open = { package: opened, wrapKey: released.wrapKey };
    return opened;
  }

  forgetKey(): void {
    this.#open?.wrapKey.fill(0);
    this.#open = undefined;
  }

  /** A version that a store can load: decrypted in memory for that, and wiped. */
  aspiredVersion(packaged: PackagedVersion): AspiredVersion {
    return { version: packaged.version, load: async (signal) => await this.#loadVersion(packaged, signal) };
  }

  async #loadVersion(packaged: PackagedVersion, signal: AbortSignal): Promise<LoadedModel> {
    if (this.#open !== undefined) {
      return await this.#loadFrom(this.#open.package, packaged, signal);
    }
    const released = await this.#release(signal);
    try {
      return await this.#loadFrom(await this.#verify(released), packaged, signal);
    } finally {
      released.wrapKey.fill(0);
    }
  }

  async #loadFrom(opened: OpenedPackage, packaged: PackagedVersion, signal: AbortSignal): Promise<LoadedModel> {
    const files = await decryptVersion(opened, packaged);
    try {
      return await this.#load({ name: this.#option.model, version: packaged.version }, files, signal);
    } finally {
      wipeAll(files.values());
    }
  }

  /** The released key is wiped when anything is wrong. */
  async #verify(released: ReleasedKey): Promise<OpenedPackage> {
    const { model: modelName, packageDirectory } = this.#option;
    try {
      const opened = await openPackage(packageDirectory, { ...released, modelName });
      this.#manifestDigest ??= opened.manifestDigest;
      this.#expectSame(opened.manifestDigest);
      return opened;
    } catch (error) {
      released.wrapKey.fill(0);
      throw error;
    }
  }

  #expectSame(digest: string): void {
    if (digest !== this.#manifestDigest) {
      throw new NodeError("package-replaced", "by now the broker releases the key of another package", {
        expected: this.#manifestDigest,
        actual: digest,
        remedy: "start the node again: requesters were shown the first one",
      });
    }
  }
}
