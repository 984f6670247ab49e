import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  createCertificate,
  encodePem,
  generateEcKey,
  parseCertificateChainPem,
  undefinedIfMalformed,
} from "@sealserve/core";
import type { TlsFiles } from "../server/tls-material.ts";

const DAY_MS = 24 * 3600 * 1000;
const LIFE_MS = 365 * DAY_MS;
/** A certificate that ends sooner is made anew at the next start. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

/**
 * A certificate of the service's own making, for this machine's names, which clients pin or do not check (as with Intel's
 * service). Kept in the state folder, so that it stays the same over restarts.
 */
export async function ownCertificate(folder: string, now: Date): Promise<TlsFiles> {
  const files = { key: join(folder, "tls.key"), certificate: join(folder, "tls.crt") };
  if (!(await isLasting(files.certificate, now))) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { key, certificate } = await make(now);
    await replaceFile(files.key, key);
    await replaceFile(files.certificate, certificate);
  }
  return files;
}

async function isLasting(file: string, now: Date): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [certificate] = undefinedIfMalformed(() => parseCertificateChainPem(text)) ?? [];
  return certificate !== undefined && certificate.notAfter.getTime() - now.getTime() > RENEW_BEFORE_MS;
}

async function make(now: Date): Promise<{ key: string; certificate: string }> {
  const key = await generateEcKey("P-256");
  const name = [{ type: "CN", value: "Sealserve collateral service" }] as const;
  const certificate = await createCertificate({
    subject: [...name],
    issuer: [...name],
    serialNumber: Uint8Array.from(randomBytes(16)),
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + LIFE_MS),
    publicKeyInfo: key.publicKeyInfo,
    signer: key,
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: ["serverAuth"],
    dns: [...new Set(["localhost", hostname()])],
    ip: ["127.0.0.1", "::1"],
    keyIdentifiers: true,
  });
  return {
    key: encodePem("PRIVATE KEY", await key.exportPkcs8()),
    certificate: encodePem("CERTIFICATE", certificate),
  };
}

async function replaceFile(file: string, content: string): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, content, { mode: 0o600 });
  await rename(draft, file);
}
