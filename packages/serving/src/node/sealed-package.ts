import type { ReleasedKey } from "@sealserve/broker/client";
import { type OpenedPackage, openPackage } from "@sealserve/encrypted-files";
import type { LoadedModel } from "@sealserve/models";
import type { Seal } from "../core/servables.ts";
import { NodeError } from "../errors.ts";
import type { LeaseView } from "../lease/lease.ts";
import type { AspiredVersion } from "../life/aspired-version.ts";
import type { SealedModelOption } from "../options/server-options.ts";
import { decryptVersion, wipeAll } from "./decrypt.ts";
import type { PackagedVersion } from "./packaged-versions.ts";
import type { LoadVersion } from "./version-loader.ts";

/** Asks the owner's broker for the key of the package, with fresh evidence. */
export type ReleaseKey = (signal: AbortSignal) => Promise<ReleasedKey>;

/** What a {@link SealedPackage} is opened and loaded with. */
export interface SealedPackageOptions {
  readonly option: Pick<SealedModelOption, "model" | "packageDirectory">;
  readonly release: ReleaseKey;
  readonly load: LoadVersion;
  readonly lease: LeaseView;
}

/**
 * The sealed package of a node. Its key is here only while versions are loaded: one that has to be read again later, since
 * its engine has ended, is opened with a key that is released anew.
 */
export class SealedPackage {
  readonly #option: Pick<SealedModelOption, "model" | "packageDirectory">;
  readonly #release: ReleaseKey;
  readonly #load: LoadVersion;
  readonly #lease: LeaseView;
  /** Of the package that was opened first; no other is opened in the life of a node. */
  #seal: Seal | undefined;
  #open: { readonly package: OpenedPackage; readonly wrapKey: Uint8Array } | undefined;

  constructor({ option, release, load, lease }: SealedPackageOptions) {
    this.#option = option;
    this.#release = release;
    this.#load = load;
    this.#lease = lease;
  }

  /**
   * Verifies the package and keeps its key, for the versions that are loaded from now on, until {@link forgetKey}.
   *
   * @throws EncryptedFilesError
   * @throws NodeError `package-replaced`
   */
  async open(released: ReleasedKey): Promise<{ opened: OpenedPackage; seal: Seal }> {
    const { opened, seal } = await this.#verify(released);
    this.#open = { package: opened, wrapKey: released.wrapKey };
    return { opened, seal };
  }

  forgetKey(): void {
    this.#open?.wrapKey.fill(0);
    this.#open = undefined;
  }

  /** A version that a store can load: decrypted in memory for that, and wiped. */
  aspiredVersion(packaged: PackagedVersion): AspiredVersion {
    const load: AspiredVersion["load"] = async (signal) => await this.#loadVersion(packaged, signal);
    return { version: packaged.version, seal: this.#seal, load };
  }

  async #loadVersion(packaged: PackagedVersion, signal: AbortSignal): Promise<LoadedModel> {
    if (this.#open !== undefined) {
      return await this.#loadFrom(this.#open.package, packaged, signal);
    }
    const released = await this.#release(signal);
    try {
      return await this.#loadFrom((await this.#verify(released)).opened, packaged, signal);
    } finally {
      released.wrapKey.fill(0);
    }
  }

  async #loadFrom(opened: OpenedPackage, packaged: PackagedVersion, signal: AbortSignal): Promise<LoadedModel> {
    const over = new AbortController();
    const files = decryptVersion(opened, packaged, AbortSignal.any([signal, over.signal]));
    const decrypted = files.catch(() => undefined);
    try {
      return await this.#load({ name: this.#option.model, version: packaged.version }, files, signal);
    } finally {
      // A load that has failed may do so before all is decrypted.
      over.abort();
      wipeAll((await decrypted)?.values() ?? []);
    }
  }

  /** The released key is wiped when anything is wrong. */
  async #verify(released: ReleasedKey): Promise<{ opened: OpenedPackage; seal: Seal }> {
    const { model: modelName, packageDirectory } = this.#option;
    try {
      const opened = await openPackage(packageDirectory, { ...released, modelName });
      this.#seal ??= sealOf(opened, this.#lease);
      expectSame(opened, this.#seal);
      return { opened, seal: this.#seal };
    } catch (error) {
      released.wrapKey.fill(0);
      throw error;
    }
  }
}

function sealOf({ manifestDigest, manifest }: OpenedPackage, lease: LeaseView): Seal {
  return {
    manifestDigest,
    packageVersion: manifest.model.version,
    get leaseEndsAt() {
      return lease.endsAt;
    },
  };
}

function expectSame({ manifestDigest }: OpenedPackage, first: Seal): void {
  if (manifestDigest !== first.manifestDigest) {
    throw new NodeError("package-replaced", "by now the broker releases the key of another package", {
      expected: first.manifestDigest,
      actual: manifestDigest,
      remedy: "start the node again: requesters were shown the first one",
    });
  }
}
