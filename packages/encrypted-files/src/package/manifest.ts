import { encodeUtf8, type JsonValue } from "@sealserve/core";
import { EncryptedFilesError } from "../errors.ts";
import { NODE_SIZE } from "../format/layout.ts";
import { parseManifestJson } from "./manifest-json.ts";
import { isModelName, isPackageVersion, type ModelIdentity, modelVersionOf } from "./model-identity.ts";
import {
  checkPackagePath,
  checkPathsDistinct,
  modelDirectoryPath,
  TLS_CERTIFICATE_PATH,
  TLS_KEY_PATH,
} from "./package-path.ts";

/** Name of the manifest in a package. */
export const MANIFEST_FILE = "manifest.json";

/** Name of the manifest's signature in a package. */
export const SIGNATURE_FILE = "manifest.sig";

/** The one format there is. */
export const PACKAGE_FORMAT = "sealserve-package-1";

/** Most files that a package may have. */
export const MAX_PACKAGE_FILES = 10_000;

/** Largest manifest that is read, in bytes; room for {@link MAX_PACKAGE_FILES} files with long paths. */
export const MAX_MANIFEST_SIZE = 16 * 1024 * 1024;

/** What a file of a package is for. */
export type PackageFileRole = "model" | "tls-key" | "tls-certificate";

/** One encrypted file of a package. */
export type PackageFile = {
  /** Relative to the package, with slashes; also the path embedded in the encrypted file. */
  readonly path: string;
  readonly role: PackageFileRole;
  /** Bytes of the encrypted file. */
  readonly size: number;
  /** SHA-256 of the encrypted file, 64 lower-case hex digits. */
  readonly sha256: string;
};

/** What the owner signs: everything that a package holds. */
export type Manifest = {
  readonly format: typeof PACKAGE_FORMAT;
  readonly model: ModelIdentity;
  /** When it was sealed, ISO 8601 in UTC. Information only: nothing is judged by it. */
  readonly createdAt: string;
  /** In ascending order of path. */
  readonly files: readonly PackageFile[];
};

/** Whether a path stands where files of this role belong. */
type RoleRule = (path: string, model: ModelIdentity) => boolean;

const ROLES: Record<PackageFileRole, RoleRule> = {
  model: isModelPath,
  "tls-key": (path) => path === TLS_KEY_PATH,
  "tls-certificate": (path) => path === TLS_CERTIFICATE_PATH,
};

/** The bytes of a manifest: JSON with members in a fixed order. What counts afterwards are these bytes, not the layout. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const { format, model, createdAt, files } = manifest;
  const ordered = {
    format,
    model: { name: model.name, version: model.version },
    createdAt,
    files: files.map(({ path, role, size, sha256 }) => ({ path, role, size, sha256 })),
  };
  return encodeUtf8(`${JSON.stringify(ordered, undefined, 2)}\n`);
}

/**
 * Reads a manifest whose signature was checked. Every member is required and no other is allowed.
 * @throws EncryptedFilesError `manifest-invalid`, `too-many-files`, `unsafe-path`, `path-clash`
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const document = members(parseManifestJson(bytes), ["format", "model", "createdAt", "files"], "manifest");
  if (document["format"] !== PACKAGE_FORMAT) {
    throw invalid("format", `"${PACKAGE_FORMAT}"`);
  }
  const model = parseModel(document["model"]);
  const createdAt = parseTime(document["createdAt"]);
  const files = parseFiles(document["files"], model);
  return { format: PACKAGE_FORMAT, model, createdAt, files };
}

function parseModel(value: JsonValue | undefined): ModelIdentity {
  const { name, version } = members(value, ["name", "version"], "model");
  if (typeof name !== "string" || !isModelName(name)) {
    throw invalid("model.name", "a model name");
  }
  if (typeof version !== "number" || !isPackageVersion(version)) {
    throw invalid("model.version", "a whole number from 1");
  }
  return { name, version };
}

function parseTime(value: JsonValue | undefined): string {
  const time = typeof value === "string" ? new Date(value) : new Date(Number.NaN);
  if (typeof value !== "string" || Number.isNaN(time.getTime()) || time.toISOString() !== value) {
    throw invalid("createdAt", "a time such as 2026-01-31T12:00:00.000Z");
  }
  return value;
}

function parseFiles(value: JsonValue | undefined, model: ModelIdentity): PackageFile[] {
  if (!Array.isArray(value)) {
    throw invalid("files", "a list");
  }
  checkFileCount(value.length);
  const files = value.map((item, index) => parseFile(item, model, `files[${index}]`));
  checkPathsDistinct(files.map((file) => file.path));
  files.forEach((file, index) => {
    const previous = files[index - 1];
    if (previous !== undefined && previous.path >= file.path) {
      throw invalid(`files[${index}].path`, "files in ascending order of path");
    }
  });
  if (!files.some((file) => file.role === "model")) {
    throw invalid("files", "at least one model file");
  }
  const tls = files.filter((file) => file.role !== "model");
  if (tls.length === 1) {
    throw invalid("files", "a TLS key together with its certificate");
  }
  return files;
}

/**
 * Refuses more files than a package may have.
 * @throws EncryptedFilesError `too-many-files`
 */
export function checkFileCount(count: number): void {
  if (count > MAX_PACKAGE_FILES) {
    throw new EncryptedFilesError("too-many-files", "a package cannot have that many files", {
      expected: `at most ${MAX_PACKAGE_FILES} files`,
      actual: `${count}`,
      remedy: "seal fewer model versions in one package, or pack small assets together",
    });
  }
}

function parseFile(value: JsonValue, model: ModelIdentity, where: string): PackageFile {
  const { path, role, size, sha256 } = members(value, ["path", "role", "size", "sha256"], where);
  if (typeof path !== "string") {
    throw invalid(`${where}.path`, "a text");
  }
  checkPackagePath(path);
  if (typeof role !== "string" || !isRole(role)) {
    throw invalid(`${where}.role`, Object.keys(ROLES).join(", "));
  }
  if (!ROLES[role](path, model)) {
    throw invalid(`${where}.path`, `the place of a ${role} file`);
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < NODE_SIZE || size % NODE_SIZE !== 0) {
    throw invalid(`${where}.size`, `a multiple of ${NODE_SIZE}`);
  }
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw invalid(`${where}.sha256`, "64 lower-case hex digits");
  }
  return { path, role, size, sha256 };
}

function isRole(text: string): text is PackageFileRole {
  return Object.hasOwn(ROLES, text);
}

function isModelPath(path: string, model: ModelIdentity): boolean {
  const directory = modelDirectoryPath(model.name);
  const [version = "", ...rest] = path.slice(directory.length).split("/");
  return path.startsWith(directory) && rest.length > 0 && modelVersionOf(version) === version;
}

/** The members of an object that has these and no others. */
function members<Name extends string>(
  value: JsonValue | undefined,
  names: readonly Name[],
  where: string,
): Record<Name, JsonValue | undefined> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(where, "an object");
  }
  const unknown = Object.keys(value).find((name) => !names.some((known) => known === name));
  if (unknown !== undefined) {
    throw invalid(where, `only the members ${names.join(", ")}`);
  }
  return value as Record<Name, JsonValue | undefined>;
}

function invalid(where: string, expected: string): EncryptedFilesError {
  return new EncryptedFilesError("manifest-invalid", `the package's manifest is not valid at ${where}`, {
    expected,
    remedy: "the owner's signature is right, so the package was made by another program or version: seal again",
  });
}
