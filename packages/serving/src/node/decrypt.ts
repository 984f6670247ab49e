import { availableParallelism } from "node:os";
import type { OpenedPackage, PackageFileRole } from "@sealserve/encrypted-files";
import type { ModelFiles } from "@sealserve/models";
import { NodeError } from "../errors.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import type { PackagedVersion } from "./packaged-versions.ts";

/**
 * Decrypts the TLS pair of a package in memory, the key last: nothing that can fail is left when it is there.
 *
 * @throws NodeError `tls-files-missing`
 * @throws EncryptedFilesError
 */
export async function decryptTlsPair(opened: OpenedPackage): Promise<TlsIdentity> {
  const [keyPath, certificatePath] = [pathOfRole(opened, "tls-key"), pathOfRole(opened, "tls-certificate")];
  const certificate = await opened.read(certificatePath);
  return { key: await opened.read(keyPath), certificate };
}

/** On two processors the engine's thread, which starts meanwhile, takes the other one: a further thread would only take memory. */
const threads = availableParallelism() <= 2 ? 0 : undefined;

/** Decrypts the files of one version in memory. @throws EncryptedFilesError; the signal's reason */
export async function decryptVersion(
  opened: OpenedPackage,
  { files }: PackagedVersion,
  signal: AbortSignal,
): Promise<ModelFiles> {
  const plain = new Map<string, Uint8Array>();
  try {
    for (const [path, packagePath] of files) {
      signal.throwIfAborted();
      plain.set(path, await opened.read(packagePath, { threads, signal }));
    }
    return plain;
  } catch (error) {
    wipeAll(plain.values());
    throw error;
  }
}

/** Overwrites plaintext that this thread still holds; the engine has its own copy of the model. */
export function wipeAll(contents: Iterable<Uint8Array>): void {
  for (const content of contents) {
    // A buffer that was handed over to the engine's thread has no bytes here any more, and cannot be filled.
    if (content.length > 0) {
      content.fill(0);
    }
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
