import { EncryptedFilesError } from "../errors.ts";
import { quoteName } from "../path.ts";

/** Which model a package holds. `version` is the package's own, and only ever rises. */
export type ModelIdentity = { readonly name: string; readonly version: number };

const MODEL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

// What TensorFlow Serving can count: a signed 64-bit integer.
const HIGHEST_MODEL_VERSION = 2n ** 63n - 1n;

/** Whether a text can name a model: it becomes a directory and a part of URLs. */
export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name);
}

/** Whether a number can be a package version. */
export function isPackageVersion(version: number): boolean {
  return Number.isSafeInteger(version) && version >= 1;
}

/**
 * The number of a model version directory in its one decimal form (TensorFlow Serving also reads `00000123`), or undefined
 * where the name is no number.
 */
export function modelVersionOf(directoryName: string): string | undefined {
  if (!/^[0-9]{1,32}$/.test(directoryName) || BigInt(directoryName) > HIGHEST_MODEL_VERSION) {
    return undefined;
  }
  return BigInt(directoryName).toString();
}

/** What a caller may give as a package version; a text must be a decimal integer. */
export type PackageVersionInput = number | bigint | string;

/**
 * Checks the identity that an owner gives her package.
 * @throws EncryptedFilesError `invalid-argument`
 */
export function parseModelIdentity(given: {
  readonly name: string;
  readonly version: PackageVersionInput;
}): ModelIdentity {
  if (!isModelName(given.name)) {
    throw new EncryptedFilesError("invalid-argument", `${quoteName(given.name)} cannot name a model`, {
      expected: "1 to 128 letters, digits, dots, dashes and underscores, not beginning with a dot or dash",
      remedy: "give another model name",
    });
  }
  const text = String(given.version);
  const version = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!isPackageVersion(version)) {
    throw new EncryptedFilesError("invalid-argument", `${quoteName(text)} cannot be a package version`, {
      expected: `a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
      remedy: "give a version that is higher than that of the package before",
    });
  }
  return { name: given.name, version };
}
