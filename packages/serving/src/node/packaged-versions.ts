import type { Manifest } from "@sealserve/encrypted-files";
import { NodeError } from "../errors.ts";
import type { VersionPolicyOption } from "../options/server-options.ts";
import { chooseVersions } from "../source/choose-versions.ts";

/** A version of the model in a package: its number and its files, by path in the version's folder. */
export interface PackagedVersion {
  readonly version: bigint;
  /** Path in the version's folder -> path in the package. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * The versions of a package that a policy picks, newest first.
 *
 * @throws NodeError `no-model-version` when there is none, or one that the policy names is missing
 */
export function choosePackagedVersions(manifest: Manifest, policy: VersionPolicyOption): PackagedVersion[] {
  const packaged = versionsOf(manifest);
  const { chosen, missing } = chooseVersions(packaged.keys(), policy);
  if (missing.length > 0 || chosen.length === 0) {
    const what = missing.length > 0 ? `version ${missing.join(", ")}` : "numbered version";
    throw new NodeError("no-model-version", `the package holds no ${what} of the model`, {
      actual: [...packaged.keys()].join(", ") || "none",
      remedy: "seal a folder with version folders such as 1/, and name those that are in it",
    });
  }
  return chosen.map((version) => ({ version, files: packaged.get(version) ?? new Map() }));
}

function versionsOf(manifest: Manifest): Map<bigint, Map<string, string>> {
  const versions = new Map<bigint, Map<string, string>>();
  for (const file of manifest.files.filter(({ role }) => role === "model")) {
    // models/NAME/VERSION/PATH, which the manifest's check has made sure of.
    const [, , version = "", ...path] = file.path.split("/");
    const files = versions.get(BigInt(version)) ?? new Map<string, string>();
    versions.set(BigInt(version), files.set(path.join("/"), file.path));
  }
  return versions;
}
