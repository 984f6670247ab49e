import { ModelSpec, ServingError } from "@sealserve/protocol";
import type { Servable, Servables } from "../core/servables.ts";

/** The model that a call names: a version is a number, a label, or empty for the newest. */
export interface ModelTarget {
  readonly name: string;
  readonly version: string;
}

const LARGEST_VERSION = 2n ** 63n - 1n;
const LONGEST_NUMBER = `${LARGEST_VERSION}`.length;

/** The target in TensorFlow Serving's terms. @throws ServingError NOT_FOUND for a number beyond those of versions */
export function modelSpecOf({ name, version }: ModelTarget): ModelSpec {
  if (version === "") {
    return ModelSpec.create({ name });
  }
  if (!/^\d+$/.test(version)) {
    return ModelSpec.create({ name, versionLabel: version });
  }
  const digits = version.replace(/^0+(?=\d)/, "");
  const number = digits.length > LONGEST_NUMBER ? undefined : BigInt(digits);
  if (number === undefined || number > LARGEST_VERSION) {
    throw new ServingError("NOT_FOUND", "The version is larger than any that a model can have");
  }
  return ModelSpec.create({ name, version: number });
}

/**
 * The version that a call names.
 *
 * @throws ServingError NOT_FOUND for a model that is not known, whatever the version; otherwise as {@link Servables.find}
 */
export function findTarget(servables: Servables, spec: ModelSpec): Servable {
  try {
    return servables.find(spec);
  } catch (error) {
    if (spec.name !== "" && servables.versions(spec.name).length === 0) {
      throw new ServingError("NOT_FOUND", `Model ${spec.name} is not known`, { cause: error });
    }
    throw error;
  }
}
