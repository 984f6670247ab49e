import type { OpenedPackage, PackageFileRole } from "@sealserve/encrypted-files";
import { NodeError } from "../errors.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import { chooseVersions } from "./choose-versions.ts";

/** Plaintext of one model version, in memory. */
export interface DecryptedVersion {
  readonly version: bigint;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Plaintext of what a node serves, in memory. */
export interface DecryptedPackage {
  readonly versions: readonly DecryptedVersion[];
  readonly tls: TlsIdentity;
}

/**
 * Decrypts the TLS pair and the newest model versions in memory. Versions that are not served stay encrypted.
 *
 * @throws NodeError `no-model-version`, `tls-files-missing`
 * @throws EncryptedFilesError
 */
export async function decryptPackage(opened: OpenedPackage, latest: number): Promise<DecryptedPackage> {
  const chosen = chooseVersions(opened.manifest, latest);
  const tls = {
    key: await opened.read(pathOfRole(opened, "tls-key")),
    certificate: await opened.read(pathOfRole(opened, "tls-certificate")),
  };
  const versions: DecryptedVersion[] = [];
  for (const { version, files } of chosen) {
    const plain = new Map<string, Uint8Array>();
    for (const [path, packagePath] of files) {
      plain.set(path, await opened.read(packagePath));
    }
    versions.push({ version, files: plain });
  }
  return { versions, tls };
}

/** Overwrites the plaintext that this thread still holds; the engine has its own copy of the model. */
export function wipePackage(decrypted: DecryptedPackage): void {
  wipe(decrypted.tls.key);
  for (const { files } of decrypted.versions) {
    for (const content of files.values()) {
      wipe(content);
    }
  }
}

function wipe(content: Uint8Array): void {
  // A buffer that was handed over to the engine's thread has no bytes here any more, and cannot be filled.
  if (content.length > 0) {
    content.fill(0);
  }
}

function pathOfRole(opened: OpenedPackage, role: PackageFileRole): string {
  const [file, ...others] = opened.manifest.files.filter((listed) => listed.role === role);
  if (file === undefined || others.length > 0) {
    throw new NodeError("tls-files-missing", `the package needs exactly one file of role ${role}`, {
      actual: `${others.length + (file === undefined ? 0 : 1)}`,
      remedy: "seal the model together with the node's TLS key and certificate",
    });
  }
  return file.path;
}
