import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** An integer as C reads one. */
const INTEGER = /^[+-]?\d+$/;

/** The versions in a base path. */
export interface VersionDirectories {
  /** Version to path. */
  readonly paths: ReadonlyMap<bigint, string>;
  /** Versions with more than one directory, such as `1` and `001`: the name that comes first counts. */
  readonly repeated: readonly bigint[];
}

/**
 * Finds the children of a base path whose whole name is a decimal int64: the versions. What they are is not looked at.
 * @throws Error of the file system
 */
export async function listVersionDirectories(basePath: string): Promise<VersionDirectories> {
  const paths = new Map<bigint, string>();
  const repeated = new Set<bigint>();
  for (const name of (await readdir(basePath)).sort()) {
    const version = parseVersion(name);
    if (version === undefined) {
      continue;
    }
    if (paths.has(version)) {
      repeated.add(version);
    } else {
      paths.set(version, join(basePath, name));
    }
  }
  return { paths, repeated: [...repeated] };
}

function parseVersion(name: string): bigint | undefined {
  if (!INTEGER.test(name)) {
    return undefined;
  }
  const version = BigInt(name);
  return BigInt.asIntN(64, version) === version ? version : undefined;
}
