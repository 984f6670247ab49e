import type { LoadedModel } from "@sealserve/models";
import type { AspiredVersion } from "../life/aspired-version.ts";
import type { ServableId } from "../life/load-version.ts";
import type { ConfiguredModel } from "../life/model-config.ts";
import type { Log } from "../log.ts";
import { chooseVersions } from "./choose-versions.ts";
import { DirectoryWatch } from "./directory-watch.ts";
import { listVersionDirectories, type VersionDirectories } from "./version-directories.ts";
import type { VersionFiles } from "./version-files.ts";

/** A model to look for. */
export type DirectoryModel = Pick<ConfiguredModel, "name" | "basePath" | "policy">;

/** Parts of {@link DirectorySource}. */
export interface DirectorySourceOptions {
  readonly aspire: (model: string, versions: readonly AspiredVersion[]) => void;
  readonly load: (id: ServableId, files: VersionFiles, signal: AbortSignal) => Promise<LoadedModel>;
  /** Between two looks, milliseconds; 0: one look when the models are set, negative: none at all. */
  readonly pollMs: number;
  readonly log: Log;
}

/**
 * Finds the versions of models in folders of the file system and names them to the store, as TensorFlow Serving's file
 * system source does. A change of a base path is looked at before the next poll is due.
 */
export class DirectorySource {
  readonly #options: DirectorySourceOptions;
  readonly #watch = new DirectoryWatch(() => void this.poll());
  /** Warnings that have been logged and still hold, by model. */
  readonly #warned = new Map<string, readonly string[]>();
  #models: ReadonlyMap<string, DirectoryModel> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: DirectorySourceOptions) {
    this.#options = options;
  }

  /**
   * The models to look for from now on. Those that are no longer listed lose all versions. Returns when each of the models has
   * been looked for once.
   */
  async setModels(models: readonly DirectoryModel[]): Promise<void> {
    const before = this.#models;
    this.#models = new Map(models.map((model) => [model.name, model]));
    for (const name of [...before.keys()].filter((old) => !this.#models.has(old))) {
      this.#warned.delete(name);
      this.#options.aspire(name, []);
    }
    if (this.#options.pollMs >= 0) {
      await this.poll();
    }
  }

  /** Looks at all base paths, after a look that is under way. What fails is logged, and looked at again at the next turn. */
  async poll(): Promise<void> {
    // Not even a log that cannot be written may end the looking.
    this.#polling = this.#polling.then(() => this.#pollAll()).catch(() => undefined);
    await this.#polling;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watch.close();
  }

  async #pollAll(): Promise<void> {
    const found: string[] = [];
    try {
      for (const model of this.#models.values()) {
        if (await this.#pollModel(model)) {
          found.push(model.basePath);
        }
      }
    } finally {
      this.#pollLater(found);
    }
  }

  #pollLater(found: readonly string[]): void {
    if (this.#options.pollMs > 0 && !this.#closed) {
      this.#watch.setDirectories(found);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.poll(), this.#options.pollMs);
    }
  }

  /** @returns whether the base path is there; what serves stays when it is not */
  async #pollModel(model: DirectoryModel): Promise<boolean> {
    const { name, basePath } = model;
    let directories: VersionDirectories;
    try {
      directories = await listVersionDirectories(basePath);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#warn(name, [`Could not find base path ${basePath} for servable ${name} with error ${reason}`]);
      return false;
    }
    if (this.#models.get(name) === model && !this.#closed) {
      this.#aspireSafely(model, directories);
    }
    return true;
  }

  /** What one model's versions cause is no reason to look for those of no other. */
  #aspireSafely(model: DirectoryModel, directories: VersionDirectories): void {
    const { name } = model;
    try {
      this.#aspire(model, directories);
    } catch (error) {
      const kind = error instanceof Error ? error.name : typeof error;
      this.#warn(name, [
        `The look for versions of servable ${name} failed (${kind}); it is repeated at the next turn.`,
      ]);
    }
  }

  #aspire({ name, basePath, policy }: DirectoryModel, { paths, repeated }: VersionDirectories): void {
    const { chosen, missing } = chooseVersions(paths.keys(), policy);
    const warnings = repeated.map((version) => `Several directories of servable ${name} stand for version ${version}.`);
    if (paths.size === 0) {
      const question = "Did you forget to name your leaf directory as a number (eg. '/1/')?";
      warnings.push(`No versions of servable ${name} found under base path ${basePath}. ${question}`);
    } else if (policy.kind === "specific" && policy.versions.length === 0) {
      warnings.push(`No specific versions requested for servable ${name}.`);
    }
    for (const version of missing) {
      warnings.push(`Version ${version} of servable ${name}, which was requested to be served, does not exist.`);
    }
    this.#options.aspire(
      name,
      chosen.map((version) => this.#aspiredVersion(name, version, paths.get(version) ?? basePath)),
    );
    this.#warn(name, warnings);
  }

  #aspiredVersion(name: string, version: bigint, path: string): AspiredVersion {
    return {
      version,
      load: async (signal) => await this.#options.load({ name, version }, { directory: path }, signal),
    };
  }

  /** Logs what has not been logged yet. */
  #warn(name: string, warnings: readonly string[]): void {
    const known = this.#warned.get(name) ?? [];
    for (const message of warnings.filter((warning) => !known.includes(warning))) {
      this.#options.log("model-source", { model: name, message });
    }
    this.#warned.set(name, warnings);
  }
}
