import { encodeUtf8 } from "@sealserve/core";
import { EncryptedFilesError } from "./errors.ts";
import { MAX_PATH_SIZE } from "./format/metadata-node.ts";

/**
 * A path as Gramine normalises it, by its text only: empty and `.` components go, `..` takes back the component before it,
 * leading `..` of a relative path stay, `..` right after a leading `/` goes, no slash at the end.
 */
export function normalizePath(path: string): string {
  const absolute = path.startsWith("/");
  const kept: string[] = [];
  for (const component of path.split("/")) {
    if (component === "" || component === ".") {
      continue;
    }
    if (component !== "..") {
      kept.push(component);
    } else if (kept.length > 0 && kept.at(-1) !== "..") {
      kept.pop();
    } else if (!absolute) {
      kept.push(component);
    }
  }
  return (absolute ? "/" : "") + kept.join("/");
}

/**
 * The normal form of a path that is to be embedded in an encrypted file.
 * @throws EncryptedFilesError `invalid-path`, `path-too-long`
 */
export function embeddablePath(path: string): string {
  const normal = normalizePath(path);
  if (normal === "" || normal === "/" || normal.includes("\0") || !normal.isWellFormed()) {
    throw new EncryptedFilesError("invalid-path", `${quoteName(path)} cannot be embedded as a file's path`, {
      expected: "a path that names a file",
    });
  }
  const size = encodeUtf8(normal).length;
  if (size > MAX_PATH_SIZE) {
    throw new EncryptedFilesError("path-too-long", `Path is too long: ${quoteName(path)}`, {
      expected: `at most ${MAX_PATH_SIZE} bytes`,
      actual: `${size} bytes`,
      remedy: "give a shorter path to embed",
    });
  }
  return normal;
}

const LONGEST_QUOTED = 200;

/** A name that someone else may have chosen, as it can stand in a message: no control characters, not too long. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > LONGEST_QUOTED ? `${name.slice(0, LONGEST_QUOTED)}…` : name);
}
