import { createHash } from "node:crypto";
import { EncryptedFilesError } from "../errors.ts";
import { quoteName } from "../path.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { isManifestSignature } from "./signature.ts";

/** What a manifest must be to be accepted. What is left out is not asked for; the owner's key always is. */
export type ManifestExpectations = {
  /** The owner's Ed25519 public key, SubjectPublicKeyInfo as PEM. */
  readonly ownerPublicKeyPem: string;
  /** SHA-256 of the manifest's bytes, hex. */
  readonly manifestDigest?: string | undefined;
  readonly modelName?: string | undefined;
  /** The lowest package version that is still served. */
  readonly minimumVersion?: number | undefined;
};

/** A manifest that the owner signed and that meets the expectations. */
export type VerifiedManifest = {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, lower-case hex. */
  readonly manifestDigest: string;
};

/** SHA-256 of a manifest's exact bytes, lower-case hex. */
export function manifestDigestOf(manifest: Uint8Array): string {
  return createHash("sha256").update(manifest).digest("hex");
}

/**
 * Checks a manifest: first the owner's signature over its exact bytes, then its digest, its content, the model and the
 * version. Says nothing about the files; opening the package does.
 * @param manifest bytes of `manifest.json`
 * @param signature text of `manifest.sig`
 * @throws EncryptedFilesError `owner-key-invalid`, `signature-invalid`, `manifest-digest-mismatch`, `manifest-invalid`,
 * `too-many-files`, `unsafe-path`, `path-clash`, `model-name-mismatch`, `version-too-old`
 */
export function verifyManifest(
  manifest: Uint8Array,
  signature: string,
  expectations: ManifestExpectations,
): VerifiedManifest {
  checkSignature(manifest, signature, expectations.ownerPublicKeyPem);
  const manifestDigest = manifestDigestOf(manifest);
  if (expectations.manifestDigest !== undefined) {
    checkDigest(manifestDigest, expectations.manifestDigest);
  }
  const parsed = parseManifest(manifest);
  if (expectations.modelName !== undefined) {
    checkModelName(parsed.model.name, expectations.modelName);
  }
  if (expectations.minimumVersion !== undefined) {
    checkVersion(parsed.model.version, expectations.minimumVersion);
  }
  return { manifest: parsed, manifestDigest };
}

function checkSignature(manifest: Uint8Array, signature: string, ownerPublicKeyPem: string): void {
  if (!isManifestSignature(manifest, signature, ownerPublicKeyPem)) {
    throw new EncryptedFilesError("signature-invalid", "the package's manifest is not signed by this owner", {
      expected: "a signature by the owner's key over the manifest as it stands",
      actual: "another owner's signature, a changed manifest, or a changed signature",
      remedy: "fetch the package again, and check that this is the key of the owner who sealed it",
    });
  }
}

function checkDigest(actual: string, expected: string): void {
  if (actual !== expected.toLowerCase()) {
    throw new EncryptedFilesError("manifest-digest-mismatch", "this is another package than the one asked for", {
      expected,
      actual,
      remedy: "deploy the package that the broker names, or tell the broker about the new one",
    });
  }
}

function checkModelName(actual: string, expected: string): void {
  if (actual !== expected) {
    throw new EncryptedFilesError("model-name-mismatch", "the package holds another model", {
      expected: quoteName(expected),
      actual: quoteName(actual),
      remedy: "deploy the package of the model that is to be served",
    });
  }
}

function checkVersion(actual: number, minimum: number): void {
  // Written so that a minimum that is no number refuses too.
  if (!(actual >= minimum)) {
    throw new EncryptedFilesError("version-too-old", "the package is older than the owner allows", {
      expected: `version ${minimum} or higher`,
      actual: `version ${actual}`,
      remedy: "deploy the current package; an old one may have been put in its place",
    });
  }
}
