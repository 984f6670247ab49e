import type { VersionPolicyOption } from "../options/server-options.ts";

/** Which versions a policy picks. */
export interface ChosenVersions {
  /** Newest first. */
  readonly chosen: readonly bigint[];
  /** Those that the policy names and that do not exist. */
  readonly missing: readonly bigint[];
}

/** TensorFlow Serving's version policies: the newest, all, or those that are listed. */
export function chooseVersions(available: Iterable<bigint>, policy: VersionPolicyOption): ChosenVersions {
  const newestFirst = [...available].sort((a, b) => (a < b ? 1 : -1));
  if (policy.kind === "specific") {
    return {
      chosen: newestFirst.filter((version) => policy.versions.includes(version)),
      missing: policy.versions.filter((version) => !newestFirst.includes(version)),
    };
  }
  return { chosen: policy.kind === "latest" ? newestFirst.slice(0, policy.count) : newestFirst, missing: [] };
}
