import type { Manifest } from "@sealserve/encrypted-files";
import type { ModelSpec } from "@sealserve/protocol";
import { NodeError } from "../errors.ts";
import type { AspiredVersion } from "../life/aspired-version.ts";
import type { ModelStore } from "../life/model-store.ts";
import type { SealedModelOption } from "../options/server-options.ts";
import { choosePackagedVersions, type PackagedVersion } from "./packaged-versions.ts";
import type { SealedPackage } from "./sealed-package.ts";

type VersionsOption = Pick<SealedModelOption, "model" | "versionPolicy" | "versionLabels">;

/** The versions of a sealed package that a node serves, into the store and out of it. */
export class SealedVersions {
  readonly #store: ModelStore;
  readonly #option: VersionsOption;
  readonly #sealed: SealedPackage;
  readonly #chosen: readonly PackagedVersion[];

  /** @throws NodeError `no-model-version`, `bad-option` for a label of a version that is not served */
  constructor(store: ModelStore, option: VersionsOption, sealed: SealedPackage, manifest: Manifest) {
    this.#store = store;
    this.#option = option;
    this.#sealed = sealed;
    this.#chosen = choosePackagedVersions(manifest, option.versionPolicy);
    this.#expectLabelsServed();
  }

  /** Name of the model. */
  get model(): string {
    return this.#option.model;
  }

  /** Whether all of them are loaded. */
  get served(): boolean {
    const serving = this.#store.versions(this.#option.model).filter(({ state }) => state === "AVAILABLE");
    return this.#chosen.every((packaged) => serving.some(({ version }) => version === packaged.version));
  }

  /**
   * Whether a request asks for a version of the package that is loaded at this time, or will be: one that has ended while it was
   * wanted is not loaded again by itself.
   */
  isComing({ version, versionLabel }: ModelSpec): boolean {
    const asked = versionLabel === undefined ? version : this.#option.versionLabels.get(versionLabel);
    const wanted = this.#store.wanted(this.#option.model);
    return this.#chosen
      .filter((packaged) => asked === undefined || packaged.version === asked)
      .map((packaged) => wanted.find((status) => status.version === packaged.version))
      .some((status) => status === undefined || (status.state !== "AVAILABLE" && status.state !== "END"));
  }

  /**
   * Loads all of them; the package must be open. The first that cannot be loaded fails the whole.
   *
   * @throws EncryptedFilesError, ModelError, ServingError; the signal's reason
   */
  async load(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { model, versionLabels } = this.#option;
    const failure = Promise.withResolvers<never>();
    const versions = this.#chosen.map((packaged) => tellFailure(this.#sealed.aspiredVersion(packaged), failure.reject));
    this.#store.aspire(model, versions);
    try {
      const served = this.#store.until(() => this.served || undefined, signal);
      await Promise.race([served, failure.promise]);
      await this.#store.ready([model], signal);
    } catch (error) {
      this.#store.aspire(model, []);
      throw error;
    }
    this.#store.labels = new Map([[model, versionLabels]]);
  }

  /** Unloads all of them; returns when nothing of the model is left in memory. */
  async drop(): Promise<void> {
    const { model } = this.#option;
    this.#store.aspire(model, []);
    await this.#store.until(() => !this.#store.names().includes(model) || undefined);
  }

  #expectLabelsServed(): void {
    for (const [label, version] of this.#option.versionLabels) {
      if (!this.#chosen.some((packaged) => packaged.version === version)) {
        throw new NodeError("bad-option", `the label ${label} is for version ${version}, which is not served`, {
          expected: this.#chosen.map((packaged) => packaged.version).join(", "),
          remedy: "correct versionLabels, or let versionPolicy serve that version",
        });
      }
    }
  }
}

/** The store keeps the text of a failure alone; the start of a node needs the error itself. */
function tellFailure(aspired: AspiredVersion, tell: (error: unknown) => void): AspiredVersion {
  return {
    ...aspired,
    load: async (signal) => {
      try {
        return await aspired.load(signal);
      } catch (error) {
        tell(error);
        throw error;
      }
    },
  };
}
