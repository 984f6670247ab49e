import type { Manifest } from "@sealserve/encrypted-files";
import { NodeError } from "../errors.ts";

/** A version of the model in a package: its number and its files, by path in the version's folder. */
export interface PackagedVersion {
  readonly version: bigint;
  /** Path in the version's folder -> path in the package. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * The newest versions of the model in a package, newest first (TensorFlow Serving's version policy "latest").
 *
 * @throws NodeError `no-model-version`
 */
export function chooseVersions(manifest: Manifest, latest: number): PackagedVersion[] {
  const versions = new Map<bigint, Map<string, string>>();
  for (const file of manifest.files.filter(({ role }) => role === "model")) {
    // models/NAME/VERSION/PATH, which the manifest's check has made sure of.
    const [, , version = "", ...path] = file.path.split("/");
    const files = versions.get(BigInt(version)) ?? new Map<string, string>();
    versions.set(BigInt(version), files.set(path.join("/"), file.path));
  }
  if (versions.size === 0) {
    throw new NodeError("no-model-version", "the package holds no numbered version of the model", {
      remedy: "seal a folder with version folders such as 1/",
    });
  }
  return [...versions]
    .map(([version, files]) => ({ version, files }))
    .sort((a, b) => (a.version < b.version ? 1 : -1))
    .slice(0, latest);
}
