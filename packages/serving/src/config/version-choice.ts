import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import type { VersionPolicyOption } from "../options/server-options.ts";

/**
 * Reads which versions of a package are served: the newest one when nothing is stated.
 *
 * ```yaml
 * latestVersions: 2
 * versionPolicy: all                  # or
 * versionPolicy: { latest: 2 }        # or
 * versionPolicy: { specific: [1, 3] }
 * ```
 *
 * @throws ConfigError
 */
export function readVersionPolicy(root: ConfigMapping): VersionPolicyOption {
  const latest = root.optional("latestVersions");
  const policy = root.optional("versionPolicy");
  if (latest !== undefined && policy !== undefined) {
    throw latest.problem("does not go with versionPolicy", "keep one of them");
  }
  return policy === undefined ? { kind: "latest", count: readCount(latest) } : readPolicy(policy);
}

/**
 * Reads the labels that stand for versions: `versionLabels: { stable: 1, canary: 2 }`.
 *
 * @throws ConfigError
 */
export function readVersionLabels(value: ConfigValue | undefined): ReadonlyMap<string, bigint> {
  const labels = value?.entries() ?? [];
  return new Map(labels.map(([label, version]) => [checkLabel(label, version), readVersion(version)]));
}

function readPolicy(policy: ConfigValue): VersionPolicyOption {
  if (policy.json() === "all") {
    return { kind: "all" };
  }
  return policy.mapping((members) => {
    const latest = members.optional("latest");
    const specific = members.optional("specific");
    if ((latest === undefined) === (specific === undefined)) {
      throw policy.problem("needs exactly one of latest, specific", "or write versionPolicy: all");
    }
    return specific === undefined
      ? { kind: "latest", count: readCount(latest) }
      : { kind: "specific", versions: specific.list().map(readVersion) };
  });
}

function readCount(value: ConfigValue | undefined): number {
  return value?.integer({ minimum: 1 }) ?? 1;
}

function readVersion(value: ConfigValue): bigint {
  return BigInt(value.integer({ minimum: 0 }));
}

/** A request could not name a label with one of these. */
function checkLabel(label: string, value: ConfigValue): string {
  if (!/^[^/:]+$/.test(label)) {
    throw value.problem("is no label", "write one without / and :");
  }
  return label;
}
