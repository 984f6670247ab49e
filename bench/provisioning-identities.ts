/** Keys and certificates for the provisioning figure: enclaves of two generations, and the server. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createCertificate,
  encodePem,
  generateEcKey,
  generateRsaKey,
  type NameAttribute,
  sha256,
} from "@sealserve/core";
import { createRaTlsCertificate } from "@sealserve/ra-tls";
import type { Vendor } from "@sealserve/simulator";
import { enclaveCertificate, LEGACY_OID } from "../tests/support/enclave-certificate.ts";

/** TLS identity of a client, PEM. */
export interface ClientIdentity {
  readonly key: string;
  readonly cert: string;
}

export type ClientKind = "P-384, Gramine 1.8 and later" | "RSA-3072, Gramine 1.3.1";

/** RSA keys take long to make. */
const COUNTS: Readonly<Record<ClientKind, number>> = {
  "P-384, Gramine 1.8 and later": 64,
  "RSA-3072, Gramine 1.3.1": 8,
};
const HOUR_MS = 3_600_000;

/** Clients whose evidence is genuine under the vendor's root, each with a key of its own. */
export async function createClients(kind: ClientKind, vendor: Vendor, mrEnclave: string): Promise<ClientIdentity[]> {
  const clients: ClientIdentity[] = [];
  for (let index = 0; index < COUNTS[kind]; index++) {
    clients.push(await (kind.startsWith("RSA") ? legacyClient(vendor, mrEnclave) : currentClient(vendor, mrEnclave)));
  }
  return clients;
}

async function currentClient(vendor: Vendor, mrEnclave: string): Promise<ClientIdentity> {
  const { certificatePem, privateKeyPem } = await createRaTlsCertificate({
    quote: (reportData) => vendor.quote({ mrEnclave, reportData }),
  });
  return { key: privateKeyPem, cert: certificatePem };
}

async function legacyClient(vendor: Vendor, mrEnclave: string): Promise<ClientIdentity> {
  const signer = await generateRsaKey("sha256-with-rsa", 3072);
  const reportData = new Uint8Array(64);
  reportData.set(await sha256(signer.publicKeyInfo));
  const value = await vendor.quote({ mrEnclave, reportData });
  const der = await enclaveCertificate(signer, [{ oid: LEGACY_OID, value }]);
  return { key: encodePem("PRIVATE KEY", await signer.exportPkcs8()), cert: encodePem("CERTIFICATE", der) };
}

/** Writes `server.key` and `server.crt`; the certificate, which is its own authority, is returned. */
export async function writeServerIdentity(directory: string): Promise<string> {
  const key = await generateEcKey("P-256");
  const name: NameAttribute[] = [{ type: "CN", value: "localhost" }];
  const start = Math.floor(Date.now() / 1000) * 1000;
  const cert = encodePem(
    "CERTIFICATE",
    await createCertificate({
      subject: name,
      issuer: name,
      serialNumber: 1,
      notBefore: new Date(start - HOUR_MS),
      notAfter: new Date(start + 24 * HOUR_MS),
      publicKeyInfo: key.publicKeyInfo,
      signer: key,
      dns: ["localhost"],
      keyIdentifiers: true,
    }),
  );
  await writeFile(join(directory, "server.key"), encodePem("PRIVATE KEY", await key.exportPkcs8()), { mode: 0o600 });
  await writeFile(join(directory, "server.crt"), cert);
  return cert;
}
