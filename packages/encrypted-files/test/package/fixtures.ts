import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { createCertificate, encodePem, encodeUtf8, generateEcKey } from "@sealserve/core";
import { MANIFEST_FILE, type PackageFile, parseManifest, SIGNATURE_FILE } from "../../src/package/manifest.ts";
import { generateOwnerKey } from "../../src/package/owner-key.ts";
import { type SealPackageOptions, sealPackage } from "../../src/package/seal.ts";
import { signManifest } from "../../src/package/signature.ts";
import type { TlsPair } from "../../src/package/tls-pair.ts";
import { generateWrapKey } from "../../src/wrap-key.ts";
import { sampleBytes, scratchDirectory } from "../scratch.ts";

export const wrapKey = generateWrapKey();
export const owner = generateOwnerKey();
export const model = { name: "demo", version: 7 };

/** What {@link writeModel} writes, by path below the base path. */
export const MODEL_FILES: Readonly<Record<string, Uint8Array>> = {
  "1/saved_model.pb": sampleBytes(5000, 1),
  "1/variables/variables.index": sampleBytes(300, 2),
  "1/variables/variables.data-00000-of-00001": sampleBytes(400_000, 3),
  "2/saved_model.pb": sampleBytes(5000, 4),
};

/** Writes files below `directory`, with the directories they need. */
export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** A TLS key with a certificate of its own. */
export async function tlsPair(): Promise<TlsPair> {
  const signer = await generateEcKey("P-256");
  const certificate = await createCertificate({
    subject: [{ type: "CN", value: "node" }],
    issuer: [{ type: "CN", value: "node" }],
    serialNumber: 1,
    notBefore: new Date("2026-01-01T00:00:00Z"),
    notAfter: new Date("2036-01-01T00:00:00Z"),
    publicKeyInfo: signer.publicKeyInfo,
    signer,
    dns: ["localhost"],
  });
  return {
    keyPem: encodePem("PRIVATE KEY", await signer.exportPkcs8()),
    certificatePem: encodePem("CERTIFICATE", certificate),
  };
}

/** A sealed package of the sample model, and what it takes to open it. */
export async function sealedPackage(t: TestContext, overrides: Partial<SealPackageOptions> = {}) {
  const root = await scratchDirectory(t);
  const modelDirectory = join(root, "model");
  await writeFiles(modelDirectory, MODEL_FILES);
  const directory = join(root, "package");
  const signingKeyPem = owner.privateKeyPem;
  const sealed = await sealPackage({ modelDirectory, output: directory, wrapKey, signingKeyPem, model, ...overrides });
  const open = { wrapKey, ownerPublicKeyPem: owner.publicKeyPem };
  return { root, modelDirectory, directory, sealed, open };
}

/** Puts a manifest with other files into a package, signed by the owner: what a careless or hostile owner could make. */
export async function resign(
  directory: string,
  change: (files: readonly PackageFile[]) => PackageFile[],
): Promise<void> {
  const manifest = parseManifest(await readFile(join(directory, MANIFEST_FILE)));
  await signText(directory, JSON.stringify({ ...manifest, files: change(manifest.files) }));
}

/** Puts any text as the manifest into a package, signed by the owner. */
export async function signText(directory: string, text: string): Promise<void> {
  await writeFile(join(directory, MANIFEST_FILE), text);
  await writeFile(join(directory, SIGNATURE_FILE), signManifest(encodeUtf8(text), owner.privateKeyPem));
}
