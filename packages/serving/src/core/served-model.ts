import type { LoadedModel } from "@sealserve/models";
import { type ModelSpec, ServingError } from "@sealserve/protocol";

/** One loaded version of the model. */
export interface ServedVersion {
  readonly version: bigint;
  readonly model: LoadedModel;
}

/** The model that a node serves, in all its loaded versions. */
export class ServedModel {
  readonly name: string;
  /** Newest first. */
  readonly versions: readonly ServedVersion[];

  constructor(name: string, versions: readonly ServedVersion[]) {
    this.name = name;
    this.versions = [...versions].sort((a, b) => (a.version < b.version ? 1 : -1));
  }

  /**
   * The version a request asks for: by number, or the newest.
   *
   * @throws ServingError with TensorFlow Serving's codes and messages
   */
  find(spec: ModelSpec): ServedVersion {
    if (spec.name === "") {
      throw new ServingError("INVALID_ARGUMENT", "ModelSpec has no name specified.");
    }
    if (spec.versionLabel !== undefined) {
      throw new ServingError("INVALID_ARGUMENT", `Unrecognized servable version label: ${spec.versionLabel}`);
    }
    const known = spec.name === this.name ? this.versions : [];
    const found = known.find(({ version }) => spec.version === undefined || spec.version === version);
    if (found === undefined) {
      const asked = spec.version === undefined ? `Latest(${spec.name})` : `Specific(${spec.name}, ${spec.version})`;
      throw new ServingError("NOT_FOUND", `Servable not found for request: ${asked}`);
    }
    return found;
  }
}
