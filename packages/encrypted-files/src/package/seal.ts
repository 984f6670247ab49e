import { mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { encodeUtf8 } from "@sealserve/core";
import { hashingSource, openFileSource } from "../byte-source.ts";
import { encryptBytes } from "../bytes.ts";
import { EncryptedFilesError } from "../errors.ts";
import { encryptFile, type ProgressOptions } from "../files.ts";
import { PUBLIC_DIRECTORY_MODE, PUBLIC_FILE_MODE, writeOutputDirectory, writeOutputFile } from "../output-file.ts";
import { quoteName } from "../path.ts";
import { outputError } from "../system-error.ts";
import { checkWrapKey } from "../wrap-key.ts";
import {
  encodeManifest,
  MANIFEST_FILE,
  PACKAGE_FORMAT,
  type PackageFile,
  type PackageFileRole,
  SIGNATURE_FILE,
} from "./manifest.ts";
import { listModelFiles, type ModelFile } from "./model-files.ts";
import { type PackageVersionInput, parseModelIdentity } from "./model-identity.ts";
import { parseOwnerPrivateKey } from "./owner-key.ts";
import { TLS_CERTIFICATE_PATH, TLS_KEY_PATH } from "./package-path.ts";
import { signManifest } from "./signature.ts";
import { checkTlsPair, type TlsPair } from "./tls-pair.ts";
import { manifestDigestOf } from "./verify-manifest.ts";

/** Options of {@link sealPackage}. */
export type SealPackageOptions = ProgressOptions & {
  /** A base path with numbered version directories, or one version directory (`saved_model.pb` or `model.onnx` in it). */
  readonly modelDirectory: string;
  /** Must not exist, or be an empty directory. */
  readonly output: string;
  /** 16 bytes; the key that the broker will release. */
  readonly wrapKey: Uint8Array;
  /** The owner's Ed25519 private key, PKCS #8 as PEM. */
  readonly signingKeyPem: string;
  /** `version` is the package's: it must rise with every package of this model that is to replace an older one. */
  readonly model: { readonly name: string; readonly version: PackageVersionInput };
  /** The serving node's TLS key and certificate, to travel in the package. */
  readonly tls?: TlsPair | undefined;
  /** Time to state in the manifest; now, unless said otherwise. */
  readonly createdAt?: Date | undefined;
};

/** What {@link sealPackage} made. */
export type SealedPackage = {
  /** SHA-256 of `manifest.json`, lower-case hex: what the broker is told to expect. */
  readonly manifestDigest: string;
  readonly files: readonly PackageFile[];
  /** Names beside the model's version directories that are not part of the package. */
  readonly leftOut: readonly string[];
};

/**
 * Seals a model (and a TLS key) as a package: every file as a Gramine encrypted file (version 1), whose embedded path is its
 * path in the package, and a manifest of them signed by the owner. `output` appears when it is complete, or not at all.
 * @throws EncryptedFilesError, or the reason of `signal`
 */
export async function sealPackage(options: SealPackageOptions): Promise<SealedPackage> {
  const model = parseModelIdentity(options.model);
  checkWrapKey(options.wrapKey);
  parseOwnerPrivateKey(options.signingKeyPem);
  if (options.tls !== undefined) {
    checkTlsPair(options.tls);
  }
  const { files: modelFiles, leftOut } = await listModelFiles(options.modelDirectory, model);
  await expectOutside(options.output, options.modelDirectory);

  return writeOutputDirectory(options.output, PUBLIC_DIRECTORY_MODE, async (temporary) => {
    const sealed = [
      ...(await sealModelFiles(modelFiles, temporary, options)),
      ...(await sealTlsFiles(options.tls, temporary, options.wrapKey)),
    ];
    const files = sealed.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const createdAt = (options.createdAt ?? new Date()).toISOString();
    const manifest = encodeManifest({ format: PACKAGE_FORMAT, model, createdAt, files });
    await writeBytes(join(temporary, MANIFEST_FILE), manifest);
    const signature = signManifest(manifest, options.signingKeyPem);
    await writeBytes(join(temporary, SIGNATURE_FILE), encodeUtf8(signature));
    return { manifestDigest: manifestDigestOf(manifest), files, leftOut };
  });
}

async function sealModelFiles(
  modelFiles: readonly ModelFile[],
  temporary: string,
  options: SealPackageOptions,
): Promise<PackageFile[]> {
  const total = modelFiles.reduce((size, file) => size + file.size, 0);
  const sealed: PackageFile[] = [];
  let before = 0;
  for (const { source, path, size } of modelFiles) {
    const output = await placeIn(temporary, path);
    const onProgress = ({ done }: { done: number }) => options.onProgress?.({ done: before + done, total });
    const { wrapKey, signal } = options;
    // A link that took the file's place since the listing is refused as it would have been there.
    await encryptFile({ input: source, output, wrapKey, embeddedPath: path, followLinks: false, onProgress, signal });
    sealed.push(await describeFile(output, path, "model", signal));
    before += size;
  }
  return sealed;
}

async function sealTlsFiles(tls: TlsPair | undefined, temporary: string, wrapKey: Uint8Array): Promise<PackageFile[]> {
  if (tls === undefined) {
    return [];
  }
  const seal = async (text: string, path: string, role: PackageFileRole): Promise<PackageFile> => {
    const output = await placeIn(temporary, path);
    await writeBytes(output, encryptBytes(encodeUtf8(text), { wrapKey, embeddedPath: path }));
    return describeFile(output, path, role);
  };
  return [
    await seal(tls.keyPem, TLS_KEY_PATH, "tls-key"),
    await seal(tls.certificatePem, TLS_CERTIFICATE_PATH, "tls-certificate"),
  ];
}

/** Size and digest of an encrypted file as they stand on the disk. */
async function describeFile(
  output: string,
  path: string,
  role: PackageFileRole,
  signal?: AbortSignal,
): Promise<PackageFile> {
  const source = await openFileSource(output, { followLinks: false });
  try {
    return { path, role, size: source.size, sha256: await hashingSource(source).finish(signal) };
  } finally {
    await source.close();
  }
}

async function placeIn(directory: string, path: string): Promise<string> {
  const output = join(directory, path);
  await mkdir(dirname(output), { recursive: true });
  return output;
}

async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  await writeOutputFile(path, PUBLIC_FILE_MODE, (file) => file.write(bytes, 0));
}

/** A package inside the model's directory would be taken for a part of the model the next time. */
async function expectOutside(output: string, modelDirectory: string): Promise<void> {
  const parent = await realpath(dirname(resolve(output))).catch((error: unknown) => {
    throw outputError(error, output);
  });
  const model = await realpath(modelDirectory);
  if (join(parent, basename(output), sep).startsWith(join(model, sep))) {
    throw new EncryptedFilesError("invalid-argument", `${quoteName(output)} lies inside the model's directory`, {
      remedy: "give an output directory outside of it",
    });
  }
}
