import { encodeUtf8 } from "@sealserve/core";
import { EncryptedFilesError } from "../errors.ts";
import { MAX_PATH_SIZE } from "../format/metadata-node.ts";
import { quoteName } from "../path.ts";

/** Where the key of the serving node's TLS certificate stands in a package. */
export const TLS_KEY_PATH = "tls/server.key";

/** Where the serving node's TLS certificate chain stands in a package. */
export const TLS_CERTIFICATE_PATH = "tls/server.crt";

/** Where a file of a model version stands in a package. */
export function modelFilePath(modelName: string, version: string, relativePath: string): string {
  return `${modelDirectoryPath(modelName)}${version}/${relativePath}`;
}

/** The directory of a model in a package, with a slash at its end. */
export function modelDirectoryPath(modelName: string): string {
  return `models/${modelName}/`;
}

/**
 * A path in a package is relative, in normal form, and means the same on every system.
 * @throws EncryptedFilesError `unsafe-path`
 */
export function checkPackagePath(path: string): void {
  const components = path.split("/");
  const safe =
    path.isWellFormed() &&
    !/[\p{Cc}\\]/u.test(path) &&
    components.every((component) => component !== "" && component !== "." && component !== "..") &&
    encodeUtf8(path).length <= MAX_PATH_SIZE;
  if (!safe) {
    throw new EncryptedFilesError("unsafe-path", `${quoteName(path)} cannot be the path of a file in a package`, {
      expected: `a relative path of at most ${MAX_PATH_SIZE} bytes without "..", backslash and control characters`,
      remedy: "rename the file",
    });
  }
}

/**
 * Refuses paths that some file system takes for one: equal ones, ones that differ in case or in the way a letter is
 * composed, and a file that would stand where another path needs a directory.
 * @throws EncryptedFilesError `path-clash`
 */
export function checkPathsDistinct(paths: Iterable<string>): void {
  const seen = new Map<string, string>();
  for (const path of paths) {
    for (const prefix of [...parentPaths(path), path]) {
      // A directory carries its slash, so that it never equals a file of its name.
      const folded = foldCase(prefix.replace(/\/$/, ""));
      const known = seen.get(folded);
      if (known !== undefined && (known !== prefix || prefix === path)) {
        throw new EncryptedFilesError("path-clash", `${quoteName(path)} and ${quoteName(known)} clash`, {
          expected: "paths that stay different where case does not count",
          remedy: "rename one of them",
        });
      }
      seen.set(folded, prefix);
    }
  }
}

/** The directories that lead to a path, outermost first, each with a slash at its end. */
export function parentPaths(path: string): string[] {
  const parents: string[] = [];
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    parents.push(path.slice(0, slash + 1));
  }
  return parents;
}

function foldCase(path: string): string {
  return path.normalize("NFC").toUpperCase().toLowerCase();
}
