import { join } from "node:path";
import {
  EncryptedFilesError,
  MANIFEST_FILE,
  MAX_MANIFEST_SIZE,
  readWrapKey,
  SIGNATURE_FILE,
  verifyManifest,
} from "@sealserve/encrypted-files";
import type { ModelConfig } from "../config/broker-config.ts";
import { BrokerError, type BrokerErrorCode } from "../errors.ts";
import { readNeededFile, readNeededText } from "../needed-file.ts";
import type { ReleasableModel } from "./releasable-model.ts";
import { SecretKey } from "./secret-key.ts";

/**
 * Reads what the broker holds and states for each model: the wrap key, the owner's key, and the manifest of the sealed
 * package, whose signature, model and version are checked here, so that a mistake shows at the start.
 * @throws BrokerError `wrap-key-invalid`, `owner-key-invalid`, `package-invalid`, `file-unreadable`
 */
export function loadModels(configs: readonly ModelConfig[]): Promise<ReleasableModel[]> {
  return Promise.all(configs.map(loadModel));
}

async function loadModel(config: ModelConfig): Promise<ReleasableModel> {
  const { name, policy, keyFormat, minimumVersion, leaseSeconds } = config;
  const ownerPublicKeyPem = await readNeededText(config.ownerKeyFile, {
    what: `owner's public key of model ${name}`,
    member: "ownerKey",
  });
  const manifestDigest = await readManifestDigest(config, ownerPublicKeyPem);
  const key = new SecretKey(await readKeyFile(config.wrapKeyFile, `wrap key of model ${name}`));
  const policies = [{ name, policy }];
  return { name, policies, wrapKey: key, keyFormat, manifestDigest, ownerPublicKeyPem, minimumVersion, leaseSeconds };
}

/** A wrap key. @param what names it, for messages @throws BrokerError `wrap-key-invalid` */
export function readKeyFile(file: string, what: string): Promise<Uint8Array> {
  return refusedAs("wrap-key-invalid", what, () => readWrapKey(file));
}

async function readManifestDigest(config: ModelConfig, ownerPublicKeyPem: string): Promise<string> {
  const role = { what: `package of model ${config.name}`, member: "package", code: "package-invalid" } as const;
  const manifest = await readNeededFile(join(config.packageDirectory, MANIFEST_FILE), {
    ...role,
    maxSize: MAX_MANIFEST_SIZE,
  });
  const signature = await readNeededText(join(config.packageDirectory, SIGNATURE_FILE), role);
  const { manifestDigest } = await refusedAs("package-invalid", `package ${config.packageDirectory}`, () =>
    verifyManifest(manifest, signature, {
      ownerPublicKeyPem,
      modelName: config.name,
      minimumVersion: config.minimumVersion,
    }),
  );
  return manifestDigest;
}

async function refusedAs<T>(code: BrokerErrorCode, what: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof EncryptedFilesError)) {
      throw cause;
    }
    const { expected, actual, remedy = "check what the configuration names" } = cause;
    const ownCode = cause.code === "owner-key-invalid" ? cause.code : code;
    throw new BrokerError(ownCode, `${what}: ${cause.message}`, { expected, actual, remedy, cause });
  }
}
